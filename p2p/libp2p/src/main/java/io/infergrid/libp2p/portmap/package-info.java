/**
 * Asks the home router to forward a port: PCP (RFC 6887), NAT-PMP (RFC 6886) and UPnP IGD, own and small, since no library on Maven
 * Central that does all three is kept. Read {@link io.infergrid.libp2p.portmap.PortMapper} first. A router is a stranger too: what it
 * says is bounded, and nothing is fetched from another host than the one that answered.
 */
@NullMarked
package io.infergrid.libp2p.portmap;

import org.jspecify.annotations.NullMarked;
