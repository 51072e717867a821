package io.infergrid.libp2p;

/** A self-describing network address, e.g. {@code /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...}. */
public record Multiaddr(String text) {

    @Override
    public String toString() {
        return text;
    }
}
