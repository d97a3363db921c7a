import { quoted } from "../../core/expression";
import { FieldPicker } from "../components/field-picker";
import type { RunColumns } from "./columns";
import { fieldOf, label } from "./view";

const OWN =
  "status started finished updated duration age step tags notes group job_type host exit_code problems id run".split(
    " ",
  );

/** Which columns the table has. */
export function ColumnPicker({
  columns,
  fields,
  choose,
  reset,
}: {
  columns: RunColumns;
  fields: string[];
  choose: (fields: string[]) => void;
  reset: () => void;
}) {
  const groups = [
    { name: "Run", fields: OWN },
    { name: "Config", fields: [...columns.config.keys()].sort().map((key) => fieldOf("config", key)) },
    { name: "Summary", fields: columns.results.sort().map((key) => fieldOf("summary", key)) },
    {
      name: "Metrics",
      fields: [...columns.metrics]
        .sort()
        .flatMap((m) => ["last", "min", "max", "mean"].map((which) => `${which}(${quoted(m)})`)),
    },
  ];
  return (
    <FieldPicker what="columns" groups={groups} chosen={fields} name={label} choose={choose} reset={reset} />
  );
}
