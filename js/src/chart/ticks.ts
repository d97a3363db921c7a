// The numbers along an axis. One owner for Plotly's charts and their SVG previews: neither Plotly's dates, which depend on the
// browser's time zone, nor its formats, of which one axis may mix several, are used.

/** What an axis counts: plain numbers, moments (ms since the epoch), or seconds since a beginning. */
export type Unit = "number" | "moment" | "duration";

export interface Scale {
  /** From its first to its last value; on a logarithmic axis in exponents of ten. */
  range: readonly [number, number];
  log?: boolean;
  unit?: Unit;
  /** About as many ticks as there may be. */
  count: number;
  /** There is nothing between whole numbers. */
  whole?: boolean;
}

export interface Tick {
  /** In the terms of the axis' range. */
  at: number;
  text: string;
  /** The exponent after `text`, written small above the line. */
  power?: string;
  /** Written below it. */
  below?: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Steps between moments and durations, ms; below a second and above fourteen days they are powers of ten. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 3, 7, 14].map((n) => n * DAY),
];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SI = ["", "k", "M", "G", "T", "P"];

export function ticks(scale: Scale): Tick[] {
  const [low, high] = scale.range;
  if (!(high > low) || !Number.isFinite(high - low)) return [];
  const { unit = "number", count } = scale;
  if (scale.log) return unit === "duration" ? logDurations(low, high, count) : powers(low, high, count);
  if (unit === "moment") return moments(low, high, count);
  if (unit === "duration") return durations(low, high, count);
  const step = Math.max(scale.whole ? 1 : 0, rounded((high - low) / count));
  const places = multiples(low, high, step);
  const write = format(places, step);
  return places.map((at) => ({ at, text: write(at) }));
}

/** A tick as Plotly's markup. */
export function markup({ text, power, below }: Tick): string {
  return `${text}${power ? `<sup>${power}</sup>` : ""}${below ? `<br>${below}` : ""}`;
}

/** The next of 1, 2, 5 and 10 of its size. */
function rounded(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((n) => n * power >= rough * (1 - 1e-9))!;
}

function multiples(low: number, high: number, step: number): number[] {
  const places: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9 && places.length < 1000; n++)
    places.push(n === 0 ? 0 : Number((n * step).toPrecision(15)));
  return places;
}

/** How all numbers of one axis are written: in the same unit, with the decimals that tell neighbours apart. */
function format(values: readonly number[], step: number): (value: number) => string {
  const top = Math.max(...values.map(Math.abs));
  const scaled = (unit: number, suffix: string) => {
    const digits = Math.min(12, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)));
    return (value: number) => (value === 0 ? "0" : signed(trimmed((value / unit).toFixed(digits))) + suffix);
  };
  if (top >= 1e18) return (value) => signed(value.toPrecision(4).replace(/\.?0*e\+?/, "e"));
  if (top >= 1e5 || (top >= 1e4 && step >= 1000)) {
    const group = Math.floor(Math.log10(top) / 3 + 1e-9);
    // What needs many decimals in thousands is easier to read in full.
    if (step >= 1000 ** group / 10) return scaled(1000 ** group, SI[group]!);
  }
  if (top < 1e-3 && top > 0) {
    const power = Math.floor(Math.log10(top) + 1e-9);
    return scaled(10 ** power, `e${signed(String(power))}`);
  }
  return scaled(1, "");
}

/** `low` and `high` are exponents of ten. */
function powers(low: number, high: number, count: number): Tick[] {
  const rough = (high - low) / count;
  if (high - low < 1) {
    const [from, to] = [10 ** low, 10 ** high];
    const step = rounded((to - from) / count);
    const places = multiples(from, to, step);
    const write = format(places, step);
    return places.map((value) => ({ at: Math.log10(value), text: write(value) }));
  }
  const step = Math.max(1, Math.ceil(rough - 1e-9));
  const digits = rough > 0.7 ? [1] : rough > 0.3 ? [1, 2, 5] : [1, 2, 3, 5, 7];
  const places: [number, number][] = [];
  for (
    let power = Math.ceil(low / step - 1e-9) * step - (digits.length > 1 ? 1 : 0);
    power <= high;
    power += step
  )
    for (const digit of digits) {
      const at = power + Math.log10(digit);
      if (at >= low - 1e-9 && at <= high + 1e-9) places.push([digit, power]);
    }
  const plain = places.every(([, power]) => power >= -4 && power <= 4);
  return places.map(([digit, power]) => {
    const at = power + Math.log10(digit);
    if (plain) return { at, text: trimmed((digit * 10 ** power).toFixed(Math.max(0, -power))) };
    return { at, text: digit === 1 ? "10" : `${digit}×10`, power: signed(String(power)) };
  });
}

function durations(low: number, high: number, count: number): Tick[] {
  const rough = (high - low) / count;
  const step = stepOf(rough * SECOND) / SECOND;
  const digits = Math.min(9, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return multiples(low, high, step).map((at) => ({ at, text: duration(at, digits) }));
}

/** Round durations, each about ten times the one before it; `low` and `high` are exponents of ten of seconds. */
function logDurations(low: number, high: number, count: number): Tick[] {
  const seconds = [1, 10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000];
  for (let power = -1; power >= Math.max(-12, Math.floor(low)); power--) seconds.unshift(10 ** power);
  const shown = seconds.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  if (shown.length < 2) {
    const [from, to] = [10 ** low, 10 ** high];
    return durations(from, to, count).map((tick) => ({ ...tick, at: Math.log10(tick.at) }));
  }
  const every = Math.ceil(shown.length / (count + 1));
  return shown
    .filter((_, i) => i % every === 0)
    .map((value) => ({
      at: Math.log10(value),
      text: duration(value, value < 1 ? -Math.floor(Math.log10(value)) : 0),
    }));
}

/** Seconds in the units that are not zero: "1h 30m". */
function duration(seconds: number, digits: number): string {
  if (seconds === 0) return "0";
  const parts: string[] = [];
  let rest = Math.abs(seconds);
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const) {
    // What a rounding error leaves below a whole unit is that unit.
    const whole = Math.floor(rest / size + 1e-9);
    if (whole > 0) parts.push(`${whole}${unit}`);
    rest = Math.max(0, rest - whole * size);
  }
  const left = trimmed(rest.toFixed(digits));
  if (left !== "0") parts.push(`${left}s`);
  return (seconds < 0 ? "−" : "") + (parts.join(" ") || "0");
}

/** Moments that are round on the viewer's clock, in ms since the epoch. */
function moments(low: number, high: number, count: number): Tick[] {
  const step = Math.max(1, stepOf((high - low) / count));
  let day = "";
  return clockMultiples(low, high, step).map((at) => {
    const date = new Date(at);
    const monthDay = `${MONTHS[date.getMonth()]} ${date.getDate()}`;
    const year = String(date.getFullYear());
    const long = step >= DAY ? year : `${monthDay}, ${year}`;
    // What the ticks have in common is said once.
    const below = long === day ? {} : { below: long };
    day = long;
    if (step >= DAY) return { at, text: monthDay, ...below };
    const two = (n: number) => String(n).padStart(2, "0");
    const seconds = step < MINUTE ? `:${two(date.getSeconds())}` : "";
    const digits = step < SECOND ? 3 - Math.floor(Math.log10(step) + 1e-9) : 0;
    const part = digits > 0 ? `.${String(date.getMilliseconds()).padStart(3, "0").slice(0, digits)}` : "";
    return { at, text: `${two(date.getHours())}:${two(date.getMinutes())}${seconds}${part}`, ...below };
  });
}

function clockMultiples(low: number, high: number, step: number): number[] {
  const offset = new Date(low).getTimezoneOffset() * MINUTE;
  // A clock that is put forward or back moves by half hours: shorter steps stay round.
  if (step <= 30 * MINUTE) return multiples(low - offset, high - offset, step).map((at) => at + offset);
  const places: number[] = [];
  for (let n = Math.floor((low - offset) / step) - 1; places.length < 1000; n++) {
    const clock = new Date(n * step);
    const at = new Date(
      clock.getUTCFullYear(),
      clock.getUTCMonth(),
      clock.getUTCDate(),
      clock.getUTCHours(),
    ).getTime();
    if (at > high) break;
    if (at >= low && at > (places[places.length - 1] ?? Number.NEGATIVE_INFINITY)) places.push(at);
  }
  return places;
}

/** The next step, ms, that is round for times. */
function stepOf(rough: number): number {
  if (rough <= 500) return rounded(rough);
  return STEPS.find((step) => step >= rough * (1 - 1e-9)) ?? DAY * rounded(rough / DAY);
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function signed(text: string): string {
  return text.replaceAll("-", "−");
}
