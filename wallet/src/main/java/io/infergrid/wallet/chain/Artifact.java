package io.infergrid.wallet.chain;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.web3j.abi.TypeReference;
import org.web3j.abi.datatypes.CustomError;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A compiled contract as it was committed.
 *
 * @param bytecode for deployment, in hex with {@code 0x}
 * @param errors its custom errors
 */
public record Artifact(String name, String bytecode, List<CustomError> errors) {

    /** All contracts of ours. */
    public static final List<String> NAMES = List.of(
            "TestBTT",
            "Params",
            "NativeGateway",
            "StakeRegistry",
            "DisputeCourt",
            "HardwareRegistry",
            "RewardPool",
            "PaymentChannels");

    public static Artifact of(String name) {
        try (InputStream in = Artifact.class.getResourceAsStream("/io/infergrid/wallet/contract/" + name + ".json")) {
            if (in == null) {
                throw new IllegalArgumentException(
                        "expected a compiled contract " + name + " in the program's archive");
            }
            JsonNode json = JsonMapper.shared().readTree(in);
            var errors = new ArrayList<CustomError>();
            for (JsonNode entry : json.path("abi")) {
                if (entry.path("type").asString().equals("error")) {
                    errors.add(error(entry));
                }
            }
            String code = json.path("bytecode").asString();
            return new Artifact(name, code.startsWith("0x") ? code : "0x" + code, errors);
        } catch (IOException | ClassNotFoundException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static CustomError error(JsonNode entry) throws ClassNotFoundException {
        var types = new ArrayList<TypeReference<?>>();
        for (JsonNode input : entry.path("inputs")) {
            types.add(TypeReference.makeTypeReference(input.path("type").asString()));
        }
        return new CustomError(entry.path("name").asString(), types);
    }

    /** The errors of all contracts, for a {@link ChainClient} that should tell refusals in words. */
    public static RevertReason.Known allErrors() {
        var known = new RevertReason.Known();
        NAMES.forEach(name -> known.with(of(name).errors()));
        return known;
    }
}
