import "./empty-state.css";
import type { ComponentChildren } from "preact";

/** What stands where there is nothing to show: why, and the line of code that fills it. */
export function EmptyState({
  title,
  code,
  children,
}: {
  title: string;
  code?: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty teach">
      <h2>{title}</h2>
      {children}
      {code && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre tabIndex={0}>
          <code>{code}</code>
        </pre>
      )}
    </div>
  );
}
