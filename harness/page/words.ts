// Numbers as people read them.

/** `1 pair`, `3 pairs` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
