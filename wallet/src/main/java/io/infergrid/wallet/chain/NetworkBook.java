package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The networks that this program knows, read from JSON whose bytes an Ed25519 key of the release has signed. A changed
 * endpoint, contract address or code hash is refused: whoever could change them could take the money.
 *
 * <p>The format and how to sign: {@code wallet/docs/networks.md}.
 */
public final class NetworkBook {

    private static final int MAX_BYTES = 256 * 1024;

    private final List<Network> networks;

    private NetworkBook(List<Network> networks) {
        this.networks = List.copyOf(networks);
    }

    /** The book of this release. */
    public static NetworkBook bundled() {
        return read(resource("networks.json"), resource("networks.json.sig"), publicKey(resource("networks.pub")));
    }

    private static byte[] resource(String name) {
        try (InputStream in = NetworkBook.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("expected " + name + " in the program's archive, found nothing");
            }
            return in.readNBytes(MAX_BYTES + 1);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /**
     * @param signature Base64 of the Ed25519 signature over exactly {@code json}
     * @throws IllegalArgumentException if the signature does not fit or the text is no list of networks
     */
    public static NetworkBook read(byte[] json, byte[] signature, PublicKey key) {
        if (json.length > MAX_BYTES) {
            throw new IllegalArgumentException("expected at most " + MAX_BYTES + " bytes of networks");
        }
        if (!signed(json, signature, key)) {
            throw new IllegalArgumentException(
                    "the list of networks is not the one that was signed for this release: its"
                            + " addresses cannot be trusted; install the program again");
        }
        return parse(json);
    }

    private static boolean signed(byte[] json, byte[] signature, PublicKey key) {
        try {
            byte[] bytes = Base64.getDecoder().decode(new String(signature, StandardCharsets.US_ASCII).strip());
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key);
            verifier.update(json);
            return verifier.verify(bytes);
        } catch (GeneralSecurityException | IllegalArgumentException malformed) {
            return false;
        }
    }

    /** An Ed25519 key from the Base64 of its X.509 form. */
    static PublicKey publicKey(byte[] base64) {
        try {
            byte[] encoded = Base64.getDecoder().decode(new String(base64, StandardCharsets.US_ASCII).strip());
            return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
        } catch (GeneralSecurityException | IllegalArgumentException malformed) {
            throw new IllegalArgumentException("expected the Base64 of an Ed25519 public key", malformed);
        }
    }

    static NetworkBook parse(byte[] json) {
        try {
            JsonNode list = JsonMapper.shared().readTree(json).path("networks");
            if (!list.isArray() || list.isEmpty() || list.size() > 64) {
                throw new IllegalArgumentException("expected a list of 1 to 64 networks");
            }
            var networks = new ArrayList<Network>();
            for (JsonNode node : list) {
                networks.add(network(node));
            }
            return new NetworkBook(networks);
        } catch (JacksonException malformed) {
            throw new IllegalArgumentException(
                    "expected a list of networks in JSON: " + malformed.getOriginalMessage());
        }
    }

    private static Network network(JsonNode node) {
        var endpoints = new ArrayList<URI>();
        node.path("endpoints").forEach(endpoint -> endpoints.add(URI.create(endpoint.asString())));
        return new Network(
                text(node, "id"),
                text(node, "title"),
                number(node, "chainId"),
                text(node, "currency"),
                endpoints,
                Duration.ofMillis(number(node, "blockTimeMillis")),
                Duration.ofSeconds(number(node, "staleAfterSeconds")),
                Math.toIntExact(number(node, "confirmations")),
                Math.toIntExact(number(node, "logBlocks")),
                new Amount(new BigInteger(text(node, "maxGasPriceWei"))),
                Amount.parse(text(node, "depositCap")),
                node.path("realMoney").asBoolean(true),
                node.has("deployedAt") ? number(node, "deployedAt") : 0,
                contracts(node.path("contracts")),
                explorer(node.get("explorer")));
    }

    private static Map<String, Network.Deployed> contracts(JsonNode node) {
        var contracts = new HashMap<String, Network.Deployed>();
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            contracts.put(
                    entry.getKey(),
                    new Network.Deployed(
                            new Address(text(entry.getValue(), "address")),
                            Bytes32.parse(text(entry.getValue(), "codeHash"))));
        }
        return contracts;
    }

    private static Optional<URI> explorer(@Nullable JsonNode node) {
        return node == null ? Optional.empty() : Optional.of(URI.create(node.asString()));
    }

    private static String text(JsonNode node, String name) {
        JsonNode value = node.get(name);
        if (value == null || !value.isString() || value.asString().length() > 200) {
            throw new IllegalArgumentException("expected a text '" + name + "' in a network");
        }
        return value.asString();
    }

    private static long number(JsonNode node, String name) {
        JsonNode value = node.get(name);
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException("expected a whole number '" + name + "' in a network");
        }
        return value.asLong();
    }

    public List<Network> all() {
        return networks;
    }

    /**
     * @throws IllegalArgumentException if no network has this id; the message names those there are
     */
    public Network network(String id) {
        return networks.stream()
                .filter(network -> network.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("expected one of the networks "
                        + networks.stream().map(Network::id).toList() + ", found '" + bounded(id) + "'"));
    }

    private static String bounded(String text) {
        return Pattern.compile("\\p{Cntrl}").matcher(text).replaceAll("?").substring(0, Math.min(40, text.length()));
    }
}
