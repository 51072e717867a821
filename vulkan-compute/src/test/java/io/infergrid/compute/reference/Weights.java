package io.infergrid.compute.reference;

import io.infergrid.compute.gguf.GgufFile;

/** The weights of two files of one model. */
final class Weights {

    private Weights() {}

    /** Root mean square of the difference over all matrices, relative to that of {@code truth}. */
    static double distance(GgufFile found, GgufFile truth) {
        double difference = 0;
        double size = 0;
        for (String name : truth.tensorNames()) {
            var exact = truth.tensor(name);
            var x = new float[(int) exact.columns()];
            var y = new float[x.length];
            for (long row = 0; exact.rows() > 1 && row < exact.rows(); row++) {
                exact.readRow(row, x, 0);
                found.tensor(name).readRow(row, y, 0);
                for (int i = 0; i < x.length; i++) {
                    difference += ((double) x[i] - y[i]) * ((double) x[i] - y[i]);
                    size += (double) x[i] * x[i];
                }
            }
        }
        return Math.sqrt(difference / size);
    }
}
