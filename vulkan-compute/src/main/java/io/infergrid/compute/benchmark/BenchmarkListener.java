package io.infergrid.compute.benchmark;

/** Watches a benchmark; called in order by the thread that runs it. */
public interface BenchmarkListener {

    /**
     * A step begins.
     *
     * @param step in words
     * @param fraction of the whole benchmark that is done, 0 to 1
     */
    void progress(String step, double fraction);

    /**
     * One measured point for a plot.
     *
     * @param series key of the figure that the point belongs to
     * @param seconds since the benchmark began
     * @param value in the series' unit
     */
    void sample(String series, double seconds, double value);
}
