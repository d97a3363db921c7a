import { Failure } from "../../panel/failure";

/** What stands where there is no such project or run: what is wrong, and the way back. */
export function Lost({ text, back, to }: { text: string; back: string; to: string }) {
  return (
    <div class="page wide">
      <Failure text={text}>
        <a href={to}>{back}</a>
      </Failure>
    </div>
  );
}
