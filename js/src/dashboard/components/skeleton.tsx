/** Where charts will stand. */
export function Skeleton() {
  return (
    <div class="grid loading" aria-busy="true">
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} class="card chart" />
      ))}
    </div>
  );
}
