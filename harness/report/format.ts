/** The version of the JSON documents. It grows when a reader that knows the old one could be misled by the new one. */
export const FORMAT = 1

/** podwire's own, as package.json has it. */
export const VERSION = '0.1.0'
