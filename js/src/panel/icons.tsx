export function Pin() {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path
        d="M10 1.5 14.5 6l-1.6.6-2.3 2.3.2 2.6-1.2 1.2L6.7 9.8l-4 4.5-.9-.1-.1-.9 4.5-4-2.9-2.9 1.2-1.2 2.6.2 2.3-2.3z"
        fill="currentColor"
      />
    </svg>
  );
}

export function Corners() {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" fill="none" stroke="currentColor" stroke-width="1.6" />
    </svg>
  );
}
