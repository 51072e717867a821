package io.infergrid.compute.benchmark;

/**
 * The calls of NVIDIA's management library (NVML) that say how a card is connected. Each returns NVML's status and leaves its
 * answer in the first element of the array; a call that the library does not have is {@link #NOT_SUPPORTED}.
 */
interface Nvml extends AutoCloseable {

    int SUCCESS = 0;
    int INVALID_ARGUMENT = 2;
    int NOT_SUPPORTED = 3;

    /** Links that a card may have at most. */
    int MOST_LINKS = 18;

    /** @param address e.g. {@code 0000:01:00.0} */
    int card(String address, long[] card);

    int pcieGeneration(long card, int[] generation);

    int pcieLanes(long card, int[] lanes);

    /** @param active 1 if the link is up */
    int linkState(long card, int link, int[] active);

    /** @param version of NVLink, e.g. 4 */
    int linkVersion(long card, int link, int[] version);

    /** @param megabytes a second of each link, each way */
    int linkSpeed(long card, int[] megabytes);

    @Override
    void close();
}
