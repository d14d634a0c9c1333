// The documents' statements about networking, each once, in their words. A scenario says in `shows` which ones it shows,
// and a test holds that each is shown by one.

/** Their titles, by the numbers that tables name them by. The third is the first again, in plain text. */
export const DOCUMENTS: Readonly<Record<number, string>> = {
  1: 'Internal Networking, Cluster Networking',
  2: 'Networking in Kubernetes',
  3: 'Networking',
  4: 'Pod Networking in Kubernetes',
}

export interface Statement {
  readonly words: string
  /** The documents that make it, in these words or nearly. */
  readonly documents: readonly number[]
}

export const STATEMENTS: readonly Statement[] = [
  {words: 'This is the IP address we use to access the kubernetes node, ssh etc', documents: [1, 2, 3]},
  {
    words:
      'if we are using minikube setup (IP address of the minikube VM inside hypervisor will be considered, laptop may be having different IP)',
    documents: [1, 2, 3],
  },
  {words: 'A pod hosts a container', documents: [2]},
  {
    words: 'In docker world, IP address is assigned to a conatiner whereas in kubernetes world IP address is always assigned to a POD',
    documents: [1, 2, 3],
  },
  {words: 'Each POD in the kubernetes, gets its own internal IP address', documents: [1, 2, 3]},
  {words: 'we create an internal private network with the address 10.244.0.0 and all the pods are attached to it', documents: [1, 2, 3]},
  {words: 'they all get a separate IP addresses assigned from this network like 10.244.0.2, 10.244.0.3, 10.244.0.4', documents: [1, 2, 3]},
  {words: 'The PODs can communicate with each other through this IP', documents: [1, 2, 3]},
  {
    words:
      'accessing the other PODs using this internal IP address may not be a good idea as it subject to change when the PODs are recreated',
    documents: [1, 2, 3],
  },
  {
    words: 'The two networks have same address (10.244.0.0) and the PODs deployed have the same address too (10.244.0.2)',
    documents: [1, 2, 3],
  },
  {words: 'The PODs have the same IP addresses assigned to them and that leads to IP conflicts in the network', documents: [1, 2, 3]},
  {words: 'kubernetes does not automatically setup any kind of networking to handle this issues', documents: [1, 2, 3, 4]},
  {words: 'assigns a different network address for each network in the node', documents: [1, 3]},
  {words: 'This creates a virtual network of all PODs and nodes where they all assigned a unique IP address', documents: [1, 3]},
  {words: 'All containers/PODs can communicate to one another without NAT', documents: [1, 2, 3]},
  {words: 'All nodes can communicate with all containers and vice versa without NAT', documents: [1, 2, 3]},
  {
    words: 'by using simple routing techniques, the cluster networking enables communication between the differnt PODs or nodes',
    documents: [1, 3],
  },
  {words: 'all the PODs can communicate to each other using the assigned IP address', documents: [1, 2, 3]},
  {words: 'How are the Pods addressed?', documents: [4]},
  {words: 'How do they communicate with each other?', documents: [4]},
  {
    words:
      'How do you access the services running on these Pods internally from within the cluster, as well as externally from outside the cluster?',
    documents: [4],
  },
  {words: 'every Pod to get its own unique IP address', documents: [4]},
  {words: 'every Pod should be able to reach every other Pod within the same node using that IP address', documents: [4]},
  {words: 'every Pod should be able to reach every other Pod on other nodes as well, using the same IP address', documents: [4]},
  {words: "It doesn't care what IP address that is and what range or subnet it belongs to", documents: [4]},
  {
    words:
      "As long as you can implement a solution that takes care of automatically assigning IP addresses and establish connectivity between the Pods in a node as well as parts on different nodes, you're good, without having to configure any net rules",
    documents: [4],
  },
  {words: 'The nodes are part of an external network, and has IP addresses in the 192.168.1. series', documents: [4]},
  {words: 'when containers are created, Kubernetes creates network namespaces for them', documents: [4]},
  {words: 'we attach these namespaces to a network', documents: [4]},
  {words: 'bridge networks that can be created within nodes to attach namespaces', documents: [4]},
  {words: 'So we create a bridge network on each node and then bring them up', documents: [4]},
  {words: 'each bridge network will be on its own subnet', documents: [4]},
  {words: 'we set the IP address for the bridge interface', documents: [4]},
  {words: 'To attach a container to the network we need a pipe, or virtual network cable', documents: [4]},
  {words: 'We then attach one end to the container, and another end to the bridge', documents: [4]},
  {words: 'assign IP address using the ip addr command and add a route to the default gateway', documents: [4]},
]
