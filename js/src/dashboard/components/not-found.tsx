import { ErrorMessage } from "../../panel/error-message";

/** What stands where there is no such project or run, or nothing is known of it: what is wrong, and the way back. */
export function NotFound({ name, text, back, to }: { name: string; text: string; back: string; to: string }) {
  return (
    <div class="page wide">
      <div class="page-head">
        <h1>{name}</h1>
      </div>
      <ErrorMessage text={text}>
        <a href={to}>{back}</a>
      </ErrorMessage>
    </div>
  );
}
