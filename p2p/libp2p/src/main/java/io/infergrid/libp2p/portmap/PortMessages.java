package io.infergrid.libp2p.portmap;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.portmap.Gateway.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The datagrams of NAT-PMP (RFC 6886) and of PCP's MAP (RFC 6887), written and read. */
final class PortMessages {

    /** Larger than any datagram that either protocol allows. */
    static final int MAX_BYTES = 1100;

    static final int NONCE_BYTES = 12;

    private static final int PCP_HEADER = 24;
    private static final int PCP_MAP = 36;
    private static final int RESPONSE = 0x80;
    private static final String[] NAT_PMP_RESULTS = {
        "success",
        "unsupported version",
        "not authorised (port mapping is switched off)",
        "network failure",
        "out of resources",
        "unsupported opcode"
    };
    private static final String[] PCP_RESULTS = {
        "success",
        "unsupported version",
        "not authorised",
        "malformed request",
        "unsupported opcode",
        "unsupported option",
        "malformed option",
        "network failure",
        "no resources",
        "unsupported protocol",
        "user exceeded quota",
        "cannot provide the external port",
        "address mismatch",
        "excessive remote peers"
    };

    private PortMessages() {}

    // ---- NAT-PMP

    static byte[] natPmpAddress() {
        return new byte[] {0, 0};
    }

    static byte[] natPmpMap(Transport transport, int port, int wanted, int seconds) {
        return ByteBuffer.allocate(12)
                .put((byte) 0)
                .put((byte) natPmpOpcode(transport))
                .putShort((short) 0)
                .putShort((short) port)
                .putShort((short) wanted)
                .putInt(seconds)
                .array();
    }

    private static int natPmpOpcode(Transport transport) {
        return transport == Transport.UDP ? 1 : 2;
    }

    /** Reads the answer to {@link #natPmpAddress}. */
    static InetAddress natPmpAddress(byte[] datagram) throws IOException {
        var in = natPmp(datagram, 0, 12);
        var address = new byte[4];
        in.position(8);
        in.get(address);
        return address(address);
    }

    /** A port that was forwarded, for so many seconds. */
    record Forwarded(int external, long seconds) {}

    /** Reads the answer to {@link #natPmpMap}. */
    static Forwarded natPmpMapped(byte[] datagram, Transport transport, int port) throws IOException {
        var in = natPmp(datagram, natPmpOpcode(transport), 16);
        in.position(8);
        int internal = in.getShort() & 0xffff;
        if (internal != port) {
            throw new DecodeException("NAT-PMP: expected an answer for port " + port + ", found " + internal);
        }
        return new Forwarded(in.getShort() & 0xffff, in.getInt() & 0xffff_ffffL);
    }

    private static ByteBuffer natPmp(byte[] datagram, int opcode, int length) throws IOException {
        if (datagram.length < 4 || datagram[0] != 0 || (datagram[1] & 0xff) != (RESPONSE | opcode)) {
            throw new DecodeException("NAT-PMP: expected the answer to opcode " + opcode + ", found something else");
        }
        var in = ByteBuffer.wrap(datagram);
        int result = in.getShort(2) & 0xffff;
        if (result != 0) {
            throw new Refused("NAT-PMP", word(NAT_PMP_RESULTS, result));
        }
        if (datagram.length < length) {
            throw new DecodeException("NAT-PMP: expected " + length + " bytes, found " + datagram.length);
        }
        return in;
    }

    // ---- PCP

    static byte[] pcpMap(
            byte[] nonce,
            InetAddress own,
            Transport transport,
            int port,
            int wanted,
            InetAddress external,
            int seconds) {
        return ByteBuffer.allocate(PCP_HEADER + PCP_MAP)
                .put((byte) 2)
                .put((byte) 1)
                .putShort((short) 0)
                .putInt(seconds)
                .put(sixteen(own))
                .put(nonce)
                .put((byte) (transport == Transport.TCP ? 6 : 17))
                .put(new byte[3])
                .putShort((short) port)
                .putShort((short) wanted)
                .put(sixteen(external))
                .array();
    }

    /** A port that PCP forwarded. */
    record PcpForwarded(InetAddress address, int external, long seconds) {}

    /** Reads the answer to {@link #pcpMap}. */
    static PcpForwarded pcpMapped(byte[] datagram, byte[] nonce, Transport transport, int port) throws IOException {
        if (datagram.length < 4 || (datagram[1] & 0xff) != (RESPONSE | 1) && datagram[0] == 2) {
            throw new DecodeException("PCP: expected the answer to MAP, found something else");
        }
        int result = datagram[3] & 0xff;
        if (datagram[0] != 2) {
            throw new Refused("PCP", word(PCP_RESULTS, 1)); // a NAT-PMP router answers with version 0
        }
        if (result != 0) {
            throw new Refused("PCP", word(PCP_RESULTS, result));
        }
        if (datagram.length < PCP_HEADER + PCP_MAP) {
            throw new DecodeException("PCP: expected 60 bytes, found " + datagram.length);
        }
        var in = ByteBuffer.wrap(datagram);
        long seconds = in.getInt(4) & 0xffff_ffffL;
        in.position(PCP_HEADER);
        var theirs = new byte[NONCE_BYTES];
        in.get(theirs);
        int protocol = in.get() & 0xff;
        in.position(in.position() + 3);
        int internal = in.getShort() & 0xffff;
        int external = in.getShort() & 0xffff;
        if (!Arrays.equals(theirs, nonce) || internal != port || protocol != (transport == Transport.TCP ? 6 : 17)) {
            throw new DecodeException("PCP: expected the answer to our request, found one to another");
        }
        var address = new byte[16];
        in.get(address);
        return new PcpForwarded(address(address), external, seconds);
    }

    private static byte[] sixteen(InetAddress address) {
        var bytes = address.getAddress();
        if (bytes.length == 16) {
            return bytes;
        }
        var mapped = new byte[16];
        mapped[10] = (byte) 0xff;
        mapped[11] = (byte) 0xff;
        System.arraycopy(bytes, 0, mapped, 12, 4);
        return mapped;
    }

    /** IPv4 in its mapped form comes back as IPv4. */
    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("4 or 16 bytes are an address", e);
        }
    }

    private static String word(String[] words, int code) {
        return code < words.length ? words[code] : "result " + code;
    }

    /** The router understood and would not. */
    static final class Refused extends IOException {
        Refused(String protocol, String why) {
            super(protocol + ": " + why);
        }
    }
}
