package io.infergrid.wallet.chain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/**
 * For who makes a release: signs the list of networks. Arguments: the JSON file, and the file with the Base64 of the private
 * key in PKCS#8. If the key's file does not exist, a new pair is made, and the program's {@code networks.pub} beside the JSON
 * with it. The private key never belongs into the repository.
 */
public final class SignNetworks {

    private SignNetworks() {}

    /**
     * @param arguments the JSON file and the private key's file
     */
    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("expected two arguments: networks.json and the file of the private key");
        }
        Path json = Path.of(arguments[0]);
        Path keyFile = Path.of(arguments[1]);
        NetworkBook.parse(Files.readAllBytes(json));
        if (!Files.exists(keyFile)) {
            KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            Files.writeString(keyFile, base64(pair.getPrivate().getEncoded()));
            Files.writeString(
                    json.resolveSibling("networks.pub"), base64(pair.getPublic().getEncoded()));
        }
        byte[] encoded = Base64.getDecoder().decode(Files.readString(keyFile).strip());
        PrivateKey key = KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded));
        Files.writeString(json.resolveSibling("networks.json.sig"), base64(sign(Files.readAllBytes(json), key)));
    }

    static byte[] sign(byte[] json, PrivateKey key) throws GeneralSecurityException {
        Signature signer = Signature.getInstance("Ed25519");
        signer.initSign(key);
        signer.update(json);
        return signer.sign();
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes) + "\n";
    }
}
