import type { MediaKey } from "../../../core/media";
import type { MediaClient } from "./media-client";

/** What a card of one media key is given. */
export interface CardProps {
  mediaKey: MediaKey;
  shelf: MediaClient;
  /** The chosen step; null for the latest. */
  step: number | null;
  setStep: (step: number) => void;
  query: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
}
