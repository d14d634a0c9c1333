#!/usr/bin/python3
# The topology of three-nodes in Mininet, with what it has for it: a router a node, a Linux bridge for each network, and
# pingAll. ICMP alone, one ping after another; what Mininet does not do it is not measured for.
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Node
from mininet.nodelib import LinuxBridge

setLogLevel('error')
net = Mininet(controller=None, switch=LinuxBridge)
lan = net.addSwitch('s0')
pods_on = {1: [2, 3], 2: [2], 3: [2]}
nodes, pods = {}, []
for n, hosts in pods_on.items():
    node = nodes[n] = net.addHost(f'node{n}', ip=f'192.168.1.1{n}/24')
    net.addLink(node, lan)
    bridge = net.addSwitch(f's{n}')
    net.addLink(node, bridge, params1={'ip': f'10.244.{n}.1/24'})
    for host in hosts:
        pod = net.addHost(f'pod{n}{host}', ip=f'10.244.{n}.{host}/24', defaultRoute=f'via 10.244.{n}.1')
        net.addLink(pod, bridge)
        pods.append(pod)
net.start()
for n, node in nodes.items():
    node.cmd('sysctl -w net.ipv4.ip_forward=1')
    for other in nodes:
        if other != n:
            node.cmd(f'ip route add 10.244.{other}.0/24 via 192.168.1.1{other}')
loss = net.pingAll(timeout='1')
net.stop()
print(loss)  # per cent; it begins before its bridges forward, and loses a ping now and then
