import { answered } from "../../source/request";

export interface PartialText {
  content: Uint8Array<ArrayBuffer>;
  /** Whether there was more. */
  cut: boolean;
}

/** The beginning of a file, `most` bytes at most; the rest is not sent for. */
export async function readStart(address: string, most: number, signal?: AbortSignal): Promise<PartialText> {
  const answer = await answered(address, signal ? { signal } : {});
  const reader = answer.body!.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  let cut = false;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    if (size > most) {
      cut = true;
      void reader.cancel();
      break;
    }
  }
  const content = new Uint8Array(Math.min(size, most));
  let at = 0;
  for (const part of parts) {
    content.set(part.subarray(0, content.length - at), at);
    at = Math.min(content.length, at + part.length);
  }
  return { content, cut };
}

/** Text of a file's beginning, or null where it is no text. A letter that was cut in two is left out. */
export function asText({ content, cut }: PartialText): string | null {
  const end = cut ? content.length - cutLetter(content) : content.length;
  const text = new TextDecoder("utf-8", { fatal: false }).decode(content.subarray(0, end));
  const begin = text.slice(0, 4096);
  return begin.includes("\0") || begin.includes("\uFFFD") ? null : text;
}

function cutLetter(content: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, content.length); back++) {
    const byte = content[content.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}
