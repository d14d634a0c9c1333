export function cutoffCheck() {
  return async (): Promise<string | undefined> => undefined
}
