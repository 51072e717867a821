package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Puts all contracts onto a local chain, in the order of the contracts' README, with the timers of record. */
public final class LocalDeployment {

    private static final long DAY = 86_400;
    private static final Amount SLASH_FLOOR = Amount.parse("1000000");

    private final LocalChain chain;
    private final Address deployer;
    private final Map<String, Address> addresses = new LinkedHashMap<>();

    private LocalDeployment(LocalChain chain) {
        this.chain = chain;
        this.deployer = LocalChain.richAccount(11).address();
    }

    /** Deploys and pins: the network's contracts carry the hashes of the code that is really there. */
    public static Network deploy(LocalChain chain) throws IOException {
        return new LocalDeployment(chain).run();
    }

    private Network run() throws IOException {
        create("TestBTT", AbiCall.constructor());
        create("Params", AbiCall.constructor().word(deployer).word(deployer));
        create("NativeGateway", AbiCall.constructor().word(at("TestBTT")));
        create(
                "StakeRegistry",
                timed(AbiCall.constructor()
                        .word(at("TestBTT"))
                        .word(at("Params"))
                        .word(deployer)
                        .word(at("NativeGateway"))
                        .word(SLASH_FLOOR)));
        create(
                "DisputeCourt",
                AbiCall.constructor()
                        .word(at("TestBTT"))
                        .word(at("StakeRegistry"))
                        .word(at("Params")));
        create(
                "HardwareRegistry",
                AbiCall.constructor()
                        .word(at("StakeRegistry"))
                        .word(at("Params"))
                        .word(at("DisputeCourt"))
                        .word(deployer));
        send(
                AbiCall.of("wire(address,address)").word(at("DisputeCourt")).word(at("HardwareRegistry")),
                "StakeRegistry");
        create(
                "RewardPool",
                AbiCall.constructor()
                        .word(at("TestBTT"))
                        .word(at("StakeRegistry"))
                        .word(at("Params")));
        create(
                "PaymentChannels",
                AbiCall.constructor()
                        .word(at("TestBTT"))
                        .word(at("Params"))
                        .word(at("RewardPool"))
                        .word(at("NativeGateway")));
        send(
                AbiCall.of("wire(address,address)").word(at("StakeRegistry")).word(at("PaymentChannels")),
                "NativeGateway");
        send(
                AbiCall.of("wire(address,address)").word(at("HardwareRegistry")).word(at("PaymentChannels")),
                "DisputeCourt");
        return pinned();
    }

    /** Epoch, dispute, reveal, verdict, appeal, unbonding. */
    private static AbiCall timed(AbiCall call) {
        for (long days : new long[] {1, 2, 1, 1, 3, 14}) {
            call.word(days * DAY);
        }
        return call;
    }

    private Address at(String name) {
        return java.util.Objects.requireNonNull(addresses.get(name), name);
    }

    private void create(String name, AbiCall arguments) throws IOException {
        String code = Artifact.of(name).bytecode() + arguments.data().substring(2);
        addresses.put(name, chain.deploy(deployer, code));
    }

    private void send(AbiCall call, String contract) throws IOException {
        chain.sendUnlocked(deployer, call.to(at(contract)));
    }

    private Network pinned() throws IOException {
        var contracts = new LinkedHashMap<String, Network.Deployed>();
        for (Map.Entry<String, Address> entry : addresses.entrySet()) {
            contracts.put(entry.getKey(), new Network.Deployed(entry.getValue(), chain.codeHash(entry.getValue())));
        }
        return chain.network(contracts);
    }
}
