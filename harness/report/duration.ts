// How long something took, as people read it.
/** `1.6 ms`, `3.82 s` */
export function milliseconds(duration: number): string {
  return duration < 1000 ? `${duration.toFixed(1)} ms` : `${(duration / 1000).toFixed(2)} s`
}
