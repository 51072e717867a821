package io.infergrid.compute.quantize;

/** Is told how far the writing of a model has come; called by the thread that writes, some times a second at most. */
@FunctionalInterface
public interface Progress {

    /** Tells nobody. */
    Progress NONE = (tensor, fraction) -> {};

    /**
     * @param tensor that is being written
     * @param fraction of the model's weights that are written, 0 to 1
     */
    void written(String tensor, double fraction);
}
