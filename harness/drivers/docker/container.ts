// A node as a container, held by podwire's end of its standard input.
import {existsSync} from 'node:fs'
import type {Duplex} from 'node:stream'
import type Docker from 'dockerode'
import type {FleetSpec} from '../../driver.ts'
import type {Machine} from '../../model.ts'
import {labelsFor} from './labels.ts'

/**
 * The container's process 1. With the end of its input, which is podwire's end, it ends, and AutoRemove takes the
 * container away; after `keep` it stays until it is removed. bash collects orphans while it reads and waits.
 */
const PROCESS_1 = 'while read -r word; do if [ "$word" = keep ]; then while :; do sleep 2147483647 & wait "$!"; done; fi; done'

/** The least that `ip netns add` and the recipe's lines need: mounts, links, raw sockets, a writable /proc/sys. */
const CAPABILITIES = ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN']
const SECURITY = ['seccomp=unconfined', 'apparmor=unconfined']
/** What `docker run --security-opt systempaths=unconfined` sends: /proc/sys is writable. */
const SYSTEM_PATHS = {MaskedPaths: [], ReadonlyPaths: []}

export interface HeldContainer {
  readonly container: Docker.Container
  /** Ends with podwire; `keep\n` lets the container stay. */
  readonly hold: Duplex
}

function deviceFor(path: string): {PathOnHost: string; PathInContainer: string; CgroupPermissions: string} {
  return {PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm'}
}

/** Creates, attaches to and starts one node. The caller removes it when a sibling fails. */
export async function startContainer(
  docker: Docker,
  spec: FleetSpec,
  node: Machine,
  image: string,
  network: string,
  privileged: boolean,
  created: (container: Docker.Container) => void,
): Promise<HeldContainer> {
  const container = await docker.createContainer({
    name: `${spec.lab}-${node.name}`,
    Hostname: node.name,
    Image: image,
    Entrypoint: ['/bin/bash', '-c', PROCESS_1],
    Labels: labelsFor(spec.lab, node.name),
    StopSignal: 'SIGKILL', // process 1 hears no other: an engine that ends would wait 10 s for it
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    NetworkingConfig: {EndpointsConfig: {[network]: {IPAMConfig: {IPv4Address: node.address}}}},
    HostConfig: {
      AutoRemove: true,
      NetworkMode: network,
      Tmpfs: {'/run': 'exec,mode=755'},
      Devices: (spec.devices ?? []).filter((path) => existsSync(path)).map(deviceFor),
      ...(privileged ? {Privileged: true} : {CapAdd: CAPABILITIES, SecurityOpt: SECURITY, ...SYSTEM_PATHS}),
    },
  })
  created(container)
  const hold = (await container.attach({stream: true, stdin: true, hijack: true})) as Duplex
  hold.on('error', () => undefined) // the container is gone: whoever uses it next is told
  try {
    await container.start()
  } catch (error) {
    hold.destroy()
    throw error
  }
  return {container, hold}
}
