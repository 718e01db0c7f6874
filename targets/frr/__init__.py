"""FRRouting as a gNMI target: what vtysh, iproute2 and a GoBGP monitor say, as OpenConfig state."""
