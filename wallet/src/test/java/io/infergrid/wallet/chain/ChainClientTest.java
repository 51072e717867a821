package io.infergrid.wallet.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.keys.SigningKey;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChainClientTest {

    private static final Address STRANGER = new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");

    private static LocalChain chain;
    private Meddler liar;

    @BeforeAll
    static void start() throws IOException {
        chain = Anvil.start(LocalChain.Options.berlin());
        chain.mine(3);
    }

    @AfterAll
    static void stop() {
        if (chain != null) {
            chain.close();
        }
    }

    @BeforeEach
    void meddler() throws IOException {
        liar = new Meddler(chain.endpoint());
    }

    @AfterEach
    void close() {
        liar.close();
    }

    private static ChainClient client(URI... endpoints) {
        return client(Duration.ZERO, endpoints);
    }

    private static ChainClient client(Duration staleAfter, URI... endpoints) {
        Network local = chain.network(Map.of());
        var network = new Network(
                "local",
                "Local chain",
                local.chainId(),
                "BTT",
                Arrays.asList(endpoints),
                local.blockTime(),
                staleAfter,
                0,
                local.logBlocks(),
                local.maxGasPrice(),
                local.depositCap(),
                false,
                0,
                Map.of(),
                local.explorer());
        return ChainClient.of(network, new RevertReason.Known(), Clock.systemUTC());
    }

    @ParameterizedTest
    @ValueSource(strings = {"berlin", "prague"})
    void fees_are_legacy_or_dynamic_by_what_the_chain_shows(String hardfork) throws IOException {
        try (LocalChain other =
                        Anvil.start(new LocalChain.Options(hardfork, Duration.ZERO, java.util.Optional.empty()));
                ChainClient client =
                        ChainClient.of(other.network(Map.of()), new RevertReason.Known(), Clock.systemUTC())) {
            client.verify();
            assertThat(client.fees()).isInstanceOf(hardfork.equals("berlin") ? Fees.Legacy.class : Fees.Dynamic.class);
            assertThat(client.head().baseFee().isPresent()).isEqualTo(hardfork.equals("prague"));
        }
    }

    @Test
    void a_preview_shows_fee_and_what_is_left_before_anybody_signs() {
        try (ChainClient client = client(chain.endpoint());
                SigningKey rich = LocalChain.richAccount(1)) {
            Amount sent = Amount.parse("12.5");
            Preview preview =
                    client.preview(new Action.Send(STRANGER, sent), rich.address(), Call.transfer(STRANGER, sent));
            assertThat(preview.feasible()).isTrue();
            assertThat(preview.gas().longValueExact()).isBetween(21_000L, 30_000L);
            assertThat(preview.maxFee().wei()).isPositive();
            assertThat(preview.balanceAfter().orElseThrow())
                    .isEqualTo(preview.balance().minus(sent).minus(preview.maxFee()));
            assertThat(preview.action().atRisk()).isEqualTo(sent);
        }
    }

    @Test
    void who_cannot_pay_sees_it_in_the_preview() {
        try (ChainClient client = client(chain.endpoint())) {
            Amount sent = Amount.parse("1");
            Preview preview = client.preview(new Action.Send(STRANGER, sent), STRANGER, Call.transfer(STRANGER, sent));
            assertThat(preview.feasible()).isFalse();
        }
    }

    @Test
    void an_endpoint_of_another_chain_is_left_out_and_counted() {
        liar.lie = (method, request, answer) -> {
            if (method.equals("eth_chainId")) {
                answer.put("result", "0xc7");
            }
        };
        try (ChainClient both = client(liar.endpoint(), chain.endpoint());
                ChainClient alone = client(liar.endpoint())) {
            both.verify();
            EndpointStatus status = both.status().getFirst();
            assertThat(status.refusal().orElseThrow()).contains("serves chain 199, expected 31337");
            assertThat(status.lies()).isEqualTo(1);
            assertThat(both.balance(LocalChain.richAccount(0).address())).isGreaterThan(Amount.ZERO);
            assertThatThrownBy(alone::head)
                    .isInstanceOfSatisfying(
                            ChainException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ChainException.Kind.WRONG_CHAIN))
                    .hasMessageContaining("name another endpoint");
        }
    }

    @Test
    void an_endpoint_that_stands_still_is_left_out() throws IOException {
        chain.mine(50);
        String stuck = chain.command("eth_getBlockByNumber", "0x1", false);
        assertThat(stuck).isNotBlank();
        liar.lie = (method, request, answer) -> {
            boolean newest = method.equals("eth_getBlockByNumber")
                    && request.path("params").path(0).asString().equals("latest");
            if (newest) {
                ((tools.jackson.databind.node.ObjectNode) answer.path("result"))
                        .put("number", "0x1")
                        .put("hash", blockHash(1));
            }
        };
        try (ChainClient client = client(liar.endpoint(), chain.endpoint())) {
            client.verify();
            assertThat(client.status().getFirst().refusal().orElseThrow()).contains("stands at block 1");
            assertThat(client.head().number()).isGreaterThan(50);
        }
    }

    private static String blockHash(long number) throws IOException {
        try (ChainClient client = client(chain.endpoint())) {
            return client.head(number).orElseThrow().hash().toString();
        }
    }

    @Test
    void a_newest_block_from_long_ago_is_not_believed_even_from_the_only_endpoint() {
        liar.lie = (method, request, answer) -> {
            if (method.equals("eth_getBlockByNumber")) {
                ((tools.jackson.databind.node.ObjectNode) answer.path("result")).put("timestamp", "0x5f5e100");
            }
        };
        try (ChainClient client = client(Duration.ofMinutes(5), liar.endpoint())) {
            assertThatThrownBy(client::head)
                    .isInstanceOfSatisfying(
                            ChainException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ChainException.Kind.STALE))
                    .hasMessageContaining("too old");
        }
    }

    @Test
    void two_endpoints_with_different_histories_stop_everything() {
        liar.lie = (method, request, answer) -> {
            if (method.equals("eth_getBlockByNumber")) {
                ((tools.jackson.databind.node.ObjectNode) answer.path("result")).put("hash", "0x" + "ab".repeat(32));
            }
        };
        try (ChainClient client = client(liar.endpoint(), chain.endpoint())) {
            assertThatThrownBy(client::verify)
                    .isInstanceOfSatisfying(
                            ChainException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ChainException.Kind.DISAGREEMENT))
                    .hasMessageContaining("nothing is signed until they agree");
            assertThatThrownBy(() -> client.preview(
                            new Action.Send(STRANGER, Amount.ZERO), STRANGER, Call.transfer(STRANGER, Amount.ZERO)))
                    .isInstanceOf(ChainException.class);
        }
    }

    @Test
    void of_three_endpoints_the_one_with_its_own_history_is_left_out() throws IOException {
        try (Meddler second = new Meddler(chain.endpoint())) {
            liar.lie = (method, request, answer) -> {
                if (method.equals("eth_getBlockByNumber")) {
                    ((tools.jackson.databind.node.ObjectNode) answer.path("result"))
                            .put("hash", "0x" + "ab".repeat(32));
                }
            };
            try (ChainClient client = client(liar.endpoint(), chain.endpoint(), second.endpoint())) {
                client.verify();
                assertThat(client.status().getFirst().refusal().orElseThrow()).contains("not the others'");
            }
        }
    }

    @Test
    void the_next_endpoint_answers_when_the_first_one_fails() {
        try (ChainClient client = client(liar.endpoint(), chain.endpoint())) {
            client.verify();
            liar.lie = (method, request, answer) -> {
                throw new IOException("down");
            };
            assertThat(client.balance(LocalChain.richAccount(0).address())).isGreaterThan(Amount.ZERO);
            assertThat(client.status().getFirst().failures()).isEqualTo(1);
        }
    }

    @Test
    void malformed_answers_are_refused_in_words() {
        for (String nonsense : List.of("\"0xzz\"", "\"\"", "[]", "\"" + "f".repeat(5000) + "\"")) {
            liar.lie = (method, request, answer) -> {
                if (method.equals("eth_getBalance")) {
                    answer.set(
                            "result",
                            tools.jackson.databind.json.JsonMapper.shared().readTree(nonsense));
                }
            };
            try (ChainClient client = client(liar.endpoint())) {
                assertThatThrownBy(() -> client.balance(STRANGER)).isInstanceOf(ChainException.class);
            }
        }
    }

    @Test
    void a_price_of_gas_above_the_ceiling_is_never_paid() {
        liar.lie = (method, request, answer) -> {
            if (method.equals("eth_gasPrice")) {
                answer.put("result", "0xffffffffffffffffffff");
            }
        };
        try (ChainClient client = client(liar.endpoint())) {
            assertThatThrownBy(client::fees)
                    .isInstanceOfSatisfying(
                            ChainException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ChainException.Kind.TOO_DEAR));
        }
    }

    @Test
    void a_contract_without_the_expected_code_is_refused_before_anything_is_sent() {
        var nowhere = new Network.Deployed(STRANGER, Bytes32.ZERO);
        try (ChainClient client = ChainClient.of(
                chain.network(Map.of("PaymentChannels", nowhere)), new RevertReason.Known(), Clock.systemUTC())) {
            assertThatThrownBy(client::verify)
                    .isInstanceOfSatisfying(
                            ChainException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ChainException.Kind.WRONG_CODE))
                    .hasMessageContaining("PaymentChannels")
                    .hasMessageContaining("does not exist");
        }
    }

    @Test
    void an_endpoint_without_encryption_is_taken_on_this_machine_only() {
        assertThatThrownBy(() -> client(URI.create("http://rpc.example.org"))).hasMessageContaining("https");
        assertThatThrownBy(() -> client(URI.create("https://user:secret@rpc.example.org")))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
