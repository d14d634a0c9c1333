// The shells that are open in the page, each on a terminal of its own (xterm.js) over a websocket of its own.
import {signal} from '@preact/signals'
import {FitAddon} from '@xterm/addon-fit'
import {Terminal} from '@xterm/xterm'
import {CLOSED} from '../../ui/protocol.ts'
import {openShellSocket} from './connection.ts'
import '@xterm/xterm/css/xterm.css'

export interface Shell {
  readonly id: number
  readonly place: string
  /**
   * Puts the terminal into the page; what it gives takes it out.
   * @param leave puts the focus elsewhere: a terminal takes Tab for itself, and without a key of its own nobody would come out of
   * it again (WCAG 2.1.2)
   */
  readonly mount: (box: HTMLElement, leave: () => void) => () => void
  readonly close: () => void
}

export type Shells = ReturnType<typeof createShells>

export function createShells(key: string) {
  const all = signal<readonly Shell[]>([])
  let last = 0

  return {
    all,
    open(place: string): void {
      const id = ++last
      const terminal = new Terminal({cursorBlink: false, fontFamily: 'ui-monospace, monospace', fontSize: 13, screenReaderMode: true})
      const fit = new FitAddon()
      terminal.loadAddon(fit)

      const mount = (box: HTMLElement, leave: () => void) => {
        terminal.open(box)
        fit.fit()
        const {rows, cols: columns} = terminal
        const socket = openShellSocket(
          key,
          place,
          {rows, columns},
          {
            // What has been shown is told, so that a shell that prints for ever does not run ahead of the screen.
            show: (bytes) => terminal.write(bytes, () => socket.tell({shown: bytes.length})),
            closed: (code, reason) => terminal.write(`\r\n\x1b[2m[${endWords(code, reason)}]\x1b[m\r\n`),
          },
        )
        const encoder = new TextEncoder()
        terminal.onData((text) => socket.type(encoder.encode(text)))
        terminal.onBinary((text) => socket.type(Uint8Array.from(text, (character) => character.charCodeAt(0))))
        typedWithoutKeys(terminal)
        terminal.onResize(({rows, cols: columns}) => socket.tell({rows, columns}))
        const resized = new ResizeObserver(() => fit.fit())
        resized.observe(box)
        terminal.attachCustomKeyEventHandler((event) => {
          if (event.key !== 'F6') return true
          if (event.type === 'keydown') leave()
          event.preventDefault()
          return false
        })
        terminal.focus()
        return () => {
          resized.disconnect()
          socket.close()
          terminal.dispose()
        }
      }

      const close = () => {
        all.value = all.value.filter((shell) => shell.id !== id)
      }
      all.value = [...all.value, {id, place, mount, close}]
    },
  }
}

/**
 * Text that comes by no key, from a list of emoji or by speech: for screen readers xterm.js takes what comes by keys alone, and leaves
 * every input event out.
 */
function typedWithoutKeys(terminal: Terminal): void {
  let byKey = false
  terminal.textarea?.addEventListener('keydown', () => {
    byKey = true
  })
  terminal.textarea?.addEventListener('keyup', () => {
    byKey = false
  })
  terminal.textarea?.addEventListener('input', (event) => {
    const {inputType, data, isComposing} = event as InputEvent
    if (inputType === 'insertText' && data && !isComposing && !byKey) terminal.input(data)
  })
}

function endWords(code: number, reason: string): string {
  if (code === CLOSED.ended) return reason === '0' ? 'the shell has ended' : `the shell has ended, exit ${reason}`
  if (code === CLOSED.refused) return `no shell: ${reason}`
  return 'podwire ui has ended'
}
