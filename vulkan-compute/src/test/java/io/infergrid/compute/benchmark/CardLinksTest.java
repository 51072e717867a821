package io.infergrid.compute.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is said of a card's links, from a library that answers as nvml.h says that the real one does. */
class CardLinksTest {

    private static final int NVIDIA = 0x10de;
    private static final int AMD = 0x1002;
    private static final String ADDRESS = "0000:01:00.0";
    private static final Optional<PciLink> TOLD = Optional.of(new PciLink(2.5, 16));

    /** A card with some links up; each call may be made to fail. */
    private static final class FakeNvml implements Nvml {
        private int activeLinks;
        private int links;
        private int stateFails = NOT_SUPPORTED;
        private int speedFails;
        private int pcieFails;
        private boolean closed;

        @Override
        public int card(String address, long[] card) {
            card[0] = 0xcafe;
            return address.equals(ADDRESS) ? SUCCESS : INVALID_ARGUMENT;
        }

        @Override
        public int pcieGeneration(long card, int[] generation) {
            generation[0] = 5;
            return pcieFails;
        }

        @Override
        public int pcieLanes(long card, int[] lanes) {
            lanes[0] = 16;
            return pcieFails;
        }

        @Override
        public int linkState(long card, int link, int[] active) {
            active[0] = link < activeLinks ? 1 : 0;
            return link < links ? SUCCESS : stateFails;
        }

        @Override
        public int linkVersion(long card, int link, int[] version) {
            version[0] = 4;
            return SUCCESS;
        }

        @Override
        public int linkSpeed(long card, int[] megabytes) {
            megabytes[0] = 26_562;
            return speedFails;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static CardLinks of(FakeNvml nvml) {
        CardLinks links = CardLinks.of(NVIDIA, ADDRESS, () -> Optional.of(nvml), TOLD);
        assertThat(nvml.closed).isTrue();
        return links;
    }

    @Test
    void a_card_with_links_to_others_says_how_many_and_how_fast() {
        var nvml = new FakeNvml();
        nvml.links = 18;
        nvml.activeLinks = 18;
        assertThat(of(nvml))
                .isEqualTo(new CardLinks("PCIe 5.0 x16", "18 links of NVLink 4, 26.6 GB/s each way on each"));
        nvml.activeLinks = 1;
        nvml.speedFails = Nvml.NOT_SUPPORTED;
        assertThat(of(nvml).nvLink()).isEqualTo("1 link of NVLink 4, of unknown speed");
    }

    @Test
    void a_card_without_links_or_with_all_down_has_none() {
        var nvml = new FakeNvml();
        assertThat(of(nvml).nvLink()).isEqualTo("none");
        nvml.links = 4;
        assertThat(of(nvml).nvLink()).isEqualTo("none");
    }

    @Test
    void what_the_library_does_not_say_is_unknown_or_taken_from_the_system() {
        var nvml = new FakeNvml();
        nvml.stateFails = 999;
        nvml.pcieFails = 999;
        assertThat(of(nvml)).isEqualTo(new CardLinks("PCIe 1.0 x16", "unknown"));
        assertThat(CardLinks.of(NVIDIA, ADDRESS, Optional::empty, Optional.empty()))
                .isEqualTo(new CardLinks("unknown", "unknown"));
        assertThat(CardLinks.of(NVIDIA, "", () -> Optional.of(nvml), TOLD))
                .isEqualTo(new CardLinks("PCIe 1.0 x16", "unknown"));
        assertThat(CardLinks.of(NVIDIA, "0000:02:00.0", () -> Optional.of(nvml), TOLD)
                        .nvLink())
                .isEqualTo("unknown");
    }

    @Test
    void other_makers_cards_are_not_looked_up_in_nvidias_library() {
        assertThat(CardLinks.of(
                        AMD,
                        ADDRESS,
                        () -> {
                            throw new AssertionError("the library was opened");
                        },
                        TOLD))
                .isEqualTo(new CardLinks("PCIe 1.0 x16", ""));
    }

    @Test
    void the_real_library_answers_or_is_not_there() {
        NvmlLibrary.open().ifPresent(Nvml::close);
    }
}
