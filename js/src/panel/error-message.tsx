import type { ComponentChildren } from "preact";

/** What went wrong and what helps, told to screen readers at once; nothing where `text` says nothing. */
export function ErrorMessage({
  text,
  again,
  children,
}: {
  text: string | null | undefined;
  /** Asks anew, where nothing else does. */
  again?: (() => void) | undefined;
  /** What else can be done. */
  children?: ComponentChildren;
}) {
  if (!text) return null;
  return (
    <p class="error" role="alert">
      {text}
      {children && <> {children}</>}
      {again && (
        <>
          {" "}
          <button type="button" class="link" onClick={again}>
            Try again
          </button>
        </>
      )}
    </p>
  );
}
