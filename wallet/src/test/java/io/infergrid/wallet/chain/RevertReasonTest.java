package io.infergrid.wallet.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.web3j.abi.CustomErrorEncoder;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.TypeReference;
import org.web3j.abi.datatypes.Address;
import org.web3j.abi.datatypes.CustomError;
import org.web3j.abi.datatypes.Utf8String;
import org.web3j.abi.datatypes.generated.Uint256;

class RevertReasonTest {

    private static final CustomError LOCKED =
            new CustomError("StakeLocked", List.of(new TypeReference<Address>() {}, new TypeReference<Uint256>() {}));
    private static final RevertReason.Known KNOWN = new RevertReason.Known().with(List.of(LOCKED));

    @Test
    void texts_panics_and_custom_errors_are_told_in_words() {
        String text = "\"0x08c379a0" + FunctionEncoder.encodeConstructor(List.of(new Utf8String("too late"))) + "\"";
        assertThat(RevertReason.decode(text, null, KNOWN)).hasToString("Error(too late)");
        String panic = "0x4e487b71" + FunctionEncoder.encodeConstructor(List.of(new Uint256(17)));
        assertThat(RevertReason.decode(panic, null, KNOWN)).hasToString("Panic(17)");
        String custom = CustomErrorEncoder.encode(LOCKED).substring(0, 10)
                + FunctionEncoder.encodeConstructor(
                        List.of(new Address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"), new Uint256(3)));
        assertThat(RevertReason.decode(custom, null, KNOWN))
                .hasToString("StakeLocked(0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed, 3)");
        assertThat(RevertReason.decode("0x12345678", null, KNOWN)).hasToString("Unknown(0x12345678)");
        assertThat(RevertReason.decode(null, "insufficient funds", KNOWN)).hasToString("Unknown(insufficient funds)");
    }

    @Property(tries = 500)
    void no_data_of_an_endpoint_breaks_the_decoder(@ForAll byte[] tail, @ForAll String message) {
        String hex = java.util.HexFormat.of().formatHex(tail);
        for (String selector : List.of(
                "0x08c379a0", "0x4e487b71", CustomErrorEncoder.encode(LOCKED).substring(0, 10), "")) {
            assertThat(RevertReason.decode(selector + hex, message, KNOWN).toString())
                    .hasSizeLessThan(700);
        }
        assertThat(RevertReason.decode(message, message, KNOWN).toString()).hasSizeLessThan(700);
    }
}
