/** The version of the JSON documents. It grows when a reader that knows the old one could be misled by the new one. */
export const FORMAT = 1
