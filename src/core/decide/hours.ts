// Times of day in a place: minutes since midnight there. Pure.

/** 0 to 1439. `zone` is a name of the IANA database, checked by the config. */
export function minuteOfDay(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value ?? 0);
  return part("hour") * 60 + part("minute");
}

/** From `from` to just before `to`; over midnight where `from` is later. Equal ones mean the whole day. */
export function within(
  { from, to }: { readonly from: number; readonly to: number },
  minute: number,
): boolean {
  if (from < to) return minute >= from && minute < to;
  return minute >= from || minute < to;
}

export function clockText(minute: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
