package io.infergrid.compute.benchmark;

import io.infergrid.compute.vulkan.DeviceFacts;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How a card is connected, in words.
 *
 * @param pcie to the processor, e.g. {@code PCIe 4.0 x16}, or {@value #UNKNOWN}
 * @param nvLink to other cards, e.g. {@code 4 links of NVLink 3, 25.0 GB/s each way on each}; {@code none}; {@value #UNKNOWN}
 *     where an NVIDIA card is and NVML is not; empty for cards that have nothing of the kind
 */
record CardLinks(String pcie, String nvLink) {

    static final String UNKNOWN = "unknown";

    private static final int NVIDIA = 0x10de;

    /** Asks NVML for an NVIDIA card and the system for every other. */
    static CardLinks of(DeviceFacts card) {
        return of(card.vendorId(), card.pciAddress(), NvmlLibrary::open, PciLink.of(card.pciAddress()));
    }

    /** @param told what the system says of the link to the processor */
    static CardLinks of(int vendor, String address, Supplier<Optional<Nvml>> library, Optional<PciLink> told) {
        String pcie = told.map(PciLink::toString).orElse(UNKNOWN);
        if (vendor != NVIDIA) {
            return new CardLinks(pcie, "");
        }
        if (address.isEmpty()) {
            return new CardLinks(pcie, UNKNOWN);
        }
        try (Nvml nvml = library.get().orElse(null)) {
            var card = new long[1];
            if (nvml == null || nvml.card(address, card) != Nvml.SUCCESS) {
                return new CardLinks(pcie, UNKNOWN);
            }
            return new CardLinks(pcie(nvml, card[0]).map(PciLink::toString).orElse(pcie), nvLink(nvml, card[0]));
        }
    }

    private static Optional<PciLink> pcie(Nvml nvml, long card) {
        var generation = new int[1];
        var lanes = new int[1];
        boolean known =
                nvml.pcieGeneration(card, generation) == Nvml.SUCCESS && nvml.pcieLanes(card, lanes) == Nvml.SUCCESS;
        return known ? PciLink.ofGeneration(generation[0], lanes[0]) : Optional.empty();
    }

    private static String nvLink(Nvml nvml, long card) {
        int active = 0;
        int version = 0;
        for (int link = 0; link < Nvml.MOST_LINKS; link++) {
            var answer = new int[1];
            int status = nvml.linkState(card, link, answer);
            if (status == Nvml.NOT_SUPPORTED || status == Nvml.INVALID_ARGUMENT) {
                break; // the card has no link of this number
            }
            if (status != Nvml.SUCCESS) {
                return UNKNOWN;
            }
            if (answer[0] == 1) {
                active++;
                version = nvml.linkVersion(card, link, answer) == Nvml.SUCCESS ? answer[0] : version;
            }
        }
        return active == 0 ? "none" : active + (active == 1 ? " link" : " links") + words(nvml, card, version);
    }

    private static String words(Nvml nvml, long card, int version) {
        var megabytes = new int[1];
        boolean told = nvml.linkSpeed(card, megabytes) == Nvml.SUCCESS && megabytes[0] > 0;
        return " of NVLink" + (version > 0 ? " " + version : "")
                + (told
                        ? String.format(Locale.ROOT, ", %.1f GB/s each way on each", megabytes[0] / 1000.0)
                        : ", of unknown speed");
    }
}
