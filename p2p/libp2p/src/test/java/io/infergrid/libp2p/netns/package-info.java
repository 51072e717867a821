/** Networks of namespaces for tests: routers with NAT, partitions, addresses that change; and peers as processes inside them. */
@NullMarked
package io.infergrid.libp2p.netns;

import org.jspecify.annotations.NullMarked;
