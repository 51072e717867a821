package io.infergrid.demo;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Gives a half-trained model heads that look back for a word of the kind that is expected next, and say it again. Training
 * alone finds such heads late: until a head looks at the right place nothing rewards it for copying, and the other way round.
 * Keys and queries meet in the directions that tell characters, objects and names apart, on the slow rotary pairs, so that
 * distance hardly matters; values and outputs pass on the directions in which these words differ most. The idea is that of
 * mimetic initialisation (Trockman and Kolter, 2023).
 */
final class CopyHeads {
    private static final double ATTENTION = 1.6;
    private static final double OUTPUT = 1.0;
    private static final int[] BLOCKS = {2, 3, 4};

    private record Model(Weights weights, AdamW optimiser) {}

    private CopyHeads() {}

    /** Replaces one group of heads in some blocks by heads that copy, and forgets their moments. */
    static void graft(Weights weights, AdamW optimiser, BytePairs vocabulary) {
        var model = new Model(weights, optimiser);
        for (int block : BLOCKS) {
            graft(model, vocabulary, block);
        }
    }

    private static void graft(Model model, BytePairs vocabulary, int block) {
        var shape = model.weights().shape();
        int dim = shape.dimension();
        int head = shape.headDimension();
        int kv = shape.kvHeads() - 1; // the last group
        int group = shape.heads() / shape.kvHeads();
        var classes = Stream.of(
                        Cast.KINDS,
                        Cast.thingNouns(),
                        Cast.looks(),
                        Cast.HER,
                        Cast.HIM,
                        Cast.FRIEND_HER,
                        Cast.FRIEND_HIM)
                .map(words -> embeddings(model.weights(), vocabulary, words))
                .toList();
        double[] middle = mean(classes.stream().flatMap(Arrays::stream).toArray(double[][]::new));
        var random = new SplittableRandom(block);
        var meeting = meeting(classes, middle, head / 2 - 2, random);
        var identity = principal(classes, middle, head, random);
        var prefix = "blk." + block + ".";
        for (int h = kv * group; h < (kv + 1) * group; h++) {
            for (int i = 0; i < head; i++) {
                row(model, prefix + "attn_q.weight", h * head + i, slow(meeting, i, head), ATTENTION, random);
            }
            for (int i = 0; i < head; i++) {
                column(model, prefix + "attn_output.weight", h * head + i, identity[i], OUTPUT / group);
            }
        }
        for (int i = 0; i < head; i++) {
            row(model, prefix + "attn_k.weight", kv * head + i, slow(meeting, i, head), ATTENTION, random);
            row(model, prefix + "attn_v.weight", kv * head + i, identity[i], 1, random);
        }
        System.out.println("block " + block + ": heads " + kv * group + " to " + ((kv + 1) * group - 1) + " copy, "
                + dim + " wide");
    }

    // the pairs with the longest waves come last
    private static double[] slow(double[][] meeting, int i, int head) {
        int from = head - meeting.length;
        return i < from ? new double[meeting[0].length] : meeting[i - from];
    }

    private static double[][] embeddings(Weights weights, BytePairs vocabulary, List<String> words) {
        int dim = weights.shape().dimension();
        return words.stream()
                .map(word -> vocabulary.encode(" " + word)[0])
                .map(id -> {
                    var row = new double[dim];
                    for (int i = 0; i < dim; i++) {
                        row[i] = weights.values()[id * dim + i];
                    }
                    return row;
                })
                .toArray(double[][]::new);
    }

    private static double[][] meeting(List<double[][]> classes, double[] middle, int size, SplittableRandom random) {
        var directions = new double[size][];
        for (int i = 0; i < size; i++) {
            directions[i] = i < classes.size()
                    ? minus(mean(classes.get(i)), middle)
                    : random.doubles(middle.length, -1, 1).toArray();
        }
        orthonormalise(directions);
        for (int i = classes.size(); i < size; i++) {
            for (int j = 0; j < middle.length; j++) {
                directions[i][j] *= 0.3;
            }
        }
        return directions;
    }

    // subspace iteration for the directions of greatest variance inside the classes
    private static double[][] principal(List<double[][]> classes, double[] middle, int size, SplittableRandom random) {
        var words = classes.stream()
                .flatMap(words1 -> Arrays.stream(words1).map(word -> minus(word, mean(words1))))
                .toArray(double[][]::new);
        var basis = new double[size][];
        Arrays.setAll(basis, _ -> random.doubles(middle.length, -1, 1).toArray());
        for (int round = 0; round < 30; round++) {
            for (int i = 0; i < size; i++) {
                var next = new double[middle.length];
                for (var word : words) {
                    double along = dot(word, basis[i]);
                    for (int j = 0; j < next.length; j++) {
                        next[j] += along * word[j];
                    }
                }
                basis[i] = next;
            }
            orthonormalise(basis);
        }
        return basis;
    }

    private static void orthonormalise(double[][] rows) {
        for (int i = 0; i < rows.length; i++) {
            for (int k = 0; k < i; k++) {
                double along = dot(rows[i], rows[k]);
                for (int j = 0; j < rows[i].length; j++) {
                    rows[i][j] -= along * rows[k][j];
                }
            }
            double length = Math.sqrt(dot(rows[i], rows[i]));
            for (int j = 0; j < rows[i].length; j++) {
                rows[i][j] /= length;
            }
        }
    }

    private static void row(
            Model model, String name, int row, double[] values, double factor, SplittableRandom random) {
        var tensor = tensor(model.weights(), name);
        for (int i = 0; i < values.length; i++) {
            set(model, tensor.offset() + row * tensor.columns() + i, factor * values[i] + 0.02 * random.nextGaussian());
        }
    }

    private static void column(Model model, String name, int column, double[] values, double factor) {
        var tensor = tensor(model.weights(), name);
        for (int i = 0; i < values.length; i++) {
            set(model, tensor.offset() + i * tensor.columns() + column, factor * values[i]);
        }
    }

    private static void set(Model model, int index, double value) {
        model.weights().values()[index] = (float) value;
        model.optimiser().mean()[index] = 0;
        model.optimiser().square()[index] = 0;
    }

    private static Weights.Tensor tensor(Weights weights, String name) {
        return weights.tensors().stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static double[] mean(double[][] rows) {
        var mean = new double[rows[0].length];
        for (var row : rows) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += row[i] / rows.length;
            }
        }
        return mean;
    }

    private static double[] minus(double[] a, double[] b) {
        var difference = a.clone();
        for (int i = 0; i < a.length; i++) {
            difference[i] -= b[i];
        }
        return difference;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
