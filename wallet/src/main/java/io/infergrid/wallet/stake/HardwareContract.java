package io.infergrid.wallet.stake;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.AbiCall;
import io.infergrid.wallet.chain.Action;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.Intent;
import java.util.List;
import java.util.Optional;

/** {@code HardwareRegistry}: which card belongs to whom, and which is denied. */
public final class HardwareContract {

    private final ChainClient client;
    private final Address registry;

    public HardwareContract(ChainClient client) {
        this.client = client;
        this.registry = client.network().contract("HardwareRegistry").address();
    }

    /** The card that an owner declared. */
    public Optional<Bytes32> of(Address owner) {
        Bytes32 id = client.view(AbiCall.of("hardwareOf(address)").word(owner), registry)
                .word(0);
        return id.equals(Bytes32.ZERO) ? Optional.empty() : Optional.of(id);
    }

    public boolean ownerDenied(Address owner) {
        return client.view(AbiCall.of("isDenied(address)").word(owner), registry)
                .flag(0);
    }

    /** Whether a final verdict denied this card, whoever has it now. */
    public boolean denied(Bytes32 hardware) {
        return client.view(AbiCall.of("deniedHardware(bytes32)").word(hardware), registry)
                        .number(0)
                        .signum()
                != 0;
    }

    /** Declares a card; it can be forged, so a denial is a speed bump and no wall. */
    public Intent bind(Bytes32 hardware) {
        return new Intent(
                new Action.BindHardware(hardware),
                AbiCall.of("bind(bytes32)").word(hardware).to(registry));
    }

    /** Gives a card free before it is sold. */
    public Intent release() {
        return new Intent(
                new Action.Administer("release hardware", List.of()),
                AbiCall.of("release()").to(registry));
    }
}
