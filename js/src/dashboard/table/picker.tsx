import { quoted } from "../../core/expression";
import { FieldPicker } from "../components/field-picker";
import type { RunColumns } from "./columns";
import { fieldOf, unquoted } from "./view";

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
    { name: "run", fields: OWN },
    { name: "config", fields: [...columns.config.keys()].sort().map((key) => fieldOf("config", key)) },
    { name: "summary", fields: [...columns.summary.keys()].sort().map((key) => fieldOf("summary", key)) },
    {
      name: "metrics",
      fields: [...columns.metrics]
        .sort()
        .flatMap((m) => ["last", "min", "max", "mean"].map((which) => `${which}(${quoted(m)})`)),
    },
  ];
  return (
    <FieldPicker
      what="columns"
      groups={groups}
      chosen={fields}
      name={(field) => unquoted(field).replace(/^(config|summary)\./, "")}
      choose={choose}
      reset={reset}
    />
  );
}
