package io.infergrid.libp2p;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.Multihash;
import io.infergrid.libp2p.codec.Uvarint;
import java.io.ByteArrayOutputStream;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A self-describing network address, e.g. {@code /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...}: a list of protocols, each with its value.
 * Immutable; every address has one text and one binary form, and two are equal if those are.
 */
public final class Multiaddr {

    /** No address that makes sense is longer. */
    public static final int MAX_BYTES = 1024;

    private static final int MAX_TEXT = 2048;
    private static final int MAX_COMPONENTS = 16;
    private static final int MAX_NAME = 253;

    /** What a component can be, with its number in the table of multicodecs and the bytes of its value: -1 if they vary, 0 if it has none. */
    public enum Protocol {
        IP4("ip4", 4, 4),
        IP6("ip6", 41, 16),
        DNS("dns", 53, -1),
        DNS4("dns4", 54, -1),
        DNS6("dns6", 55, -1),
        TCP("tcp", 6, 2),
        UDP("udp", 273, 2),
        QUIC_V1("quic-v1", 461, 0),
        P2P("p2p", 421, -1),
        P2P_CIRCUIT("p2p-circuit", 290, 0),
        DNSADDR("dnsaddr", 56, -1),
        TLS("tls", 448, 0),
        SNI("sni", 449, -1),
        WS("ws", 477, 0),
        WSS("wss", 478, 0),
        WEBTRANSPORT("webtransport", 465, 0),
        WEBRTC_DIRECT("webrtc-direct", 280, 0),
        CERTHASH("certhash", 466, -1);

        private final String label;
        private final int code;
        private final int size;

        Protocol(String label, int code, int size) {
            this.label = label;
            this.code = code;
            this.size = size;
        }

        static Protocol of(String label) throws DecodeException {
            if (label.equals("ipfs")) {
                return P2P; // its name until 2018
            }
            for (var p : values()) {
                if (p.label.equals(label)) {
                    return p;
                }
            }
            throw new DecodeException("multiaddr: expected a known protocol, found '" + shortened(label) + "'");
        }

        static Protocol of(long code) throws DecodeException {
            for (var p : values()) {
                if (p.code == code) {
                    return p;
                }
            }
            throw new DecodeException("multiaddr: expected a known protocol, found code " + code);
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /** One protocol with its value as text, which is empty for a protocol that has none. */
    public record Component(Protocol protocol, String value) {}

    private final List<Component> components;
    private final byte[] bytes;
    private final String text;

    private Multiaddr(List<Component> components) throws DecodeException {
        this.components = List.copyOf(components);
        var out = new ByteArrayOutputStream();
        for (var c : components) {
            Uvarint.write(out, c.protocol.code);
            var value = toBytes(c.protocol, c.value);
            if (c.protocol.size < 0) {
                Uvarint.write(out, value.length);
            }
            out.writeBytes(value);
        }
        bytes = out.toByteArray();
        if (bytes.length > MAX_BYTES || components.size() > MAX_COMPONENTS) {
            throw new DecodeException("multiaddr: expected at most " + MAX_BYTES + " bytes and " + MAX_COMPONENTS
                    + " components, found " + bytes.length + " and " + components.size());
        }
        text = components.stream()
                .map(c -> "/" + c.protocol + (c.protocol.size == 0 ? "" : "/" + c.value))
                .collect(Collectors.joining());
    }

    /**
     * Reads the text form.
     *
     * @throws IllegalArgumentException if it is none; the message says what was expected
     */
    public static Multiaddr parse(String text) {
        try {
            return fromText(text);
        } catch (DecodeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static Multiaddr fromText(String text) throws DecodeException {
        if (text.length() > MAX_TEXT) {
            throw new DecodeException(
                    "multiaddr: expected at most " + MAX_TEXT + " characters, found " + text.length());
        }
        var parts = text.split("/", -1);
        if (parts.length < 2 || !parts[0].isEmpty()) {
            throw new DecodeException("multiaddr: expected /protocol/value pairs, found '" + shortened(text) + "'");
        }
        var components = new ArrayList<Component>();
        for (int i = 1; i < parts.length; i++) {
            var protocol = Protocol.of(parts[i]);
            if (protocol.size != 0 && ++i == parts.length) {
                throw new DecodeException("multiaddr: expected /protocol/value pairs, found '" + shortened(text) + "'");
            }
            var value = protocol.size == 0 ? "" : parts[i];
            components.add(new Component(protocol, toText(protocol, toBytes(protocol, value))));
        }
        return new Multiaddr(components);
    }

    /** Reads the binary form. */
    public static Multiaddr decode(byte[] bytes) throws DecodeException {
        if (bytes.length == 0 || bytes.length > MAX_BYTES) {
            throw new DecodeException("multiaddr: expected 1 to " + MAX_BYTES + " bytes, found " + bytes.length);
        }
        var in = ByteBuffer.wrap(bytes);
        var components = new ArrayList<Component>();
        while (in.hasRemaining()) {
            var protocol = Protocol.of(Uvarint.read(in));
            long size = protocol.size >= 0 ? protocol.size : Uvarint.read(in);
            if (size > in.remaining()) {
                throw new DecodeException(
                        "multiaddr: expected " + size + " bytes for " + protocol + ", found " + in.remaining());
            }
            var value = new byte[(int) size];
            in.get(value);
            components.add(new Component(protocol, toText(protocol, value)));
        }
        return new Multiaddr(components);
    }

    /** {@code /ip4|ip6/<address>/tcp/<port>} of a resolved socket address. */
    public static Multiaddr tcp(InetSocketAddress address) {
        var ip = address.getAddress();
        if (ip == null) {
            throw new IllegalArgumentException("multiaddr: expected a resolved address, found " + address);
        }
        try {
            var protocol = ip instanceof Inet4Address ? Protocol.IP4 : Protocol.IP6;
            return new Multiaddr(List.of(
                    new Component(protocol, toText(protocol, ip.getAddress())),
                    new Component(Protocol.TCP, Integer.toString(address.getPort()))));
        } catch (DecodeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** {@code /ip4|ip6/<address>/udp/<port>/quic-v1} of a resolved socket address. */
    public static Multiaddr quic(InetSocketAddress address) {
        var tcp = tcp(address).components;
        return of(List.of(
                tcp.getFirst(), new Component(Protocol.UDP, tcp.getLast().value), new Component(Protocol.QUIC_V1, "")));
    }

    /** This address with those components after it, e.g. {@code /p2p-circuit}. */
    public Multiaddr with(String components) {
        return parse(text + components);
    }

    /** Whether it leads over a relay ({@code p2p-circuit}). */
    public boolean isRelayed() {
        return has(Protocol.P2P_CIRCUIT);
    }

    /** Whether one of its components is of that protocol. */
    public boolean has(Protocol protocol) {
        return components.stream().anyMatch(c -> c.protocol == protocol);
    }

    public List<Component> components() {
        return components;
    }

    /** The value of the first component of that protocol. */
    public Optional<String> value(Protocol protocol) {
        return components.stream()
                .filter(c -> c.protocol == protocol)
                .map(Component::value)
                .findFirst();
    }

    /** The peer that the address ends in, if it does. */
    public Optional<PeerId> peer() {
        var last = components.getLast();
        return last.protocol == Protocol.P2P ? Optional.of(PeerId.parse(last.value)) : Optional.empty();
    }

    /** This address with that peer at its end, in place of the one there. */
    public Multiaddr withPeer(PeerId peer) {
        var longer = new ArrayList<>(withoutPeer().components);
        longer.add(new Component(Protocol.P2P, peer.toString()));
        return of(longer);
    }

    /** This address without the peer at its end; an address that is nothing but a peer stays as it is. */
    public Multiaddr withoutPeer() {
        return components.getLast().protocol == Protocol.P2P && components.size() > 1
                ? of(components.subList(0, components.size() - 1))
                : this;
    }

    private static Multiaddr of(List<Component> components) {
        try {
            return new Multiaddr(components);
        } catch (DecodeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** The binary form. */
    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Multiaddr that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** The text form. */
    @Override
    public String toString() {
        return text;
    }

    private static byte[] toBytes(Protocol protocol, String value) throws DecodeException {
        return switch (protocol) {
            case IP4 -> ip4(value);
            case IP6 -> ip6(value);
            case DNS, DNS4, DNS6, DNSADDR, SNI -> name(value).getBytes(StandardCharsets.UTF_8);
            case TCP, UDP -> port(value);
            case P2P -> peerOf(value).bytes();
            case CERTHASH -> multibase(value);
            case QUIC_V1, P2P_CIRCUIT, TLS, WS, WSS, WEBTRANSPORT, WEBRTC_DIRECT -> new byte[0];
        };
    }

    private static String toText(Protocol protocol, byte[] value) throws DecodeException {
        return switch (protocol) {
            case IP4 -> (value[0] & 0xff) + "." + (value[1] & 0xff) + "." + (value[2] & 0xff) + "." + (value[3] & 0xff);
            case IP6 -> ip6Text(value);
            case DNS, DNS4, DNS6, DNSADDR, SNI -> name(new String(value, StandardCharsets.UTF_8));
            case TCP, UDP -> Integer.toString((value[0] & 0xff) << 8 | value[1] & 0xff);
            case P2P -> PeerId.decode(value).toString();
            case CERTHASH -> "u" + Base64.getUrlEncoder().withoutPadding().encodeToString(certificateHash(value));
            case QUIC_V1, P2P_CIRCUIT, TLS, WS, WSS, WEBTRANSPORT, WEBRTC_DIRECT -> "";
        };
    }

    /** Multibase base64url ({@code u}), the one form in which certificate hashes are written. */
    private static byte[] multibase(String text) throws DecodeException {
        try {
            if (!text.startsWith("u") || text.indexOf('=') >= 0) {
                throw new IllegalArgumentException(text);
            }
            return certificateHash(Base64.getUrlDecoder().decode(text.substring(1)));
        } catch (IllegalArgumentException e) {
            throw new DecodeException("multiaddr: expected a multihash in base64url, found '" + shortened(text) + "'");
        }
    }

    private static byte[] certificateHash(byte[] bytes) throws DecodeException {
        return Multihash.decode(bytes).encode();
    }

    private static PeerId peerOf(String text) throws DecodeException {
        try {
            return PeerId.parse(text);
        } catch (IllegalArgumentException e) {
            throw new DecodeException(String.valueOf(e.getMessage()));
        }
    }

    private static byte[] ip4(String text) throws DecodeException {
        var bytes = new byte[4];
        var parts = text.split("\\.", -1);
        boolean right = parts.length == 4;
        for (int i = 0; right && i < 4; i++) {
            int number = number(parts[i], 255);
            right = number >= 0;
            bytes[i] = (byte) number;
        }
        if (!right) {
            throw new DecodeException("multiaddr: expected an IPv4 address, found '" + shortened(text) + "'");
        }
        return bytes;
    }

    private static byte[] ip6(String text) throws DecodeException {
        try {
            if (text.indexOf(':') < 0 || text.indexOf('%') >= 0 || text.indexOf('[') >= 0) {
                throw new IllegalArgumentException(text);
            }
            var bytes = Inet6Address.ofLiteral(text).getAddress();
            if (bytes.length == 16) {
                return bytes;
            }
            var mapped = new byte[16]; // the JDK makes IPv4 of ::ffff:a.b.c.d
            mapped[10] = (byte) 0xff;
            mapped[11] = (byte) 0xff;
            System.arraycopy(bytes, 0, mapped, 12, 4);
            return mapped;
        } catch (IllegalArgumentException e) {
            throw new DecodeException("multiaddr: expected an IPv6 address, found '" + shortened(text) + "'");
        }
    }

    /** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as {@code ::}. */
    private static String ip6Text(byte[] value) {
        var groups = new int[8];
        ByteBuffer buffer = ByteBuffer.wrap(value);
        for (int i = 0; i < 8; i++) {
            groups[i] = buffer.getShort() & 0xffff;
        }
        int start = -1;
        int longest = 1;
        for (int i = 0; i < 8; i++) {
            int end = i;
            while (end < 8 && groups[end] == 0) {
                end++;
            }
            if (end - i > longest) {
                start = i;
                longest = end - i;
            }
            i = Math.max(i, end - 1);
        }
        var text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == start) {
                text.append("::");
                i += longest - 1;
                continue;
            }
            if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            text.append(Integer.toHexString(groups[i]));
        }
        return text.toString();
    }

    private static String name(String text) throws DecodeException {
        boolean right = !text.isEmpty() && text.length() <= MAX_NAME;
        for (int i = 0; right && i < text.length(); i++) {
            char c = text.charAt(i);
            right = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-_.".indexOf(c) >= 0;
        }
        if (!right) {
            throw new DecodeException("multiaddr: expected a domain name, found '" + shortened(text) + "'");
        }
        return text;
    }

    private static byte[] port(String text) throws DecodeException {
        int port = number(text, 65535);
        if (port < 0) {
            throw new DecodeException("multiaddr: expected a port, found '" + shortened(text) + "'");
        }
        return new byte[] {(byte) (port >> 8), (byte) port};
    }

    /** A decimal number without leading zeros, or -1. */
    private static int number(String text, int max) {
        if (text.isEmpty() || text.length() > 5 || text.length() > 1 && text.charAt(0) == '0') {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value <= max ? value : -1;
    }

    private static String shortened(String text) {
        return text.length() <= 64 ? text : text.substring(0, 64) + "...";
    }

    /** The IP address of the first component, if that is one; never asks a name server. */
    public Optional<InetAddress> ip() {
        var first = components.getFirst();
        if (first.protocol != Protocol.IP4 && first.protocol != Protocol.IP6) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByAddress(toBytes(first.protocol, first.value)));
        } catch (UnknownHostException | DecodeException e) {
            throw new IllegalStateException("this address was checked when it was made: " + text, e);
        }
    }
}
