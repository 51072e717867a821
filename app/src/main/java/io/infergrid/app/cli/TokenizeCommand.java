package io.infergrid.app.cli;

import io.infergrid.app.device.ModelText;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid tokenize}: text to token ids, or back. */
@Command(name = "tokenize", description = "Turn text into token ids, or ids back into text with --decode.")
final class TokenizeCommand extends RigCommand {

    @Mixin
    ModelOptions model = new ModelOptions();

    @Parameters(arity = "0..1", paramLabel = "TEXT", description = "The text; without it, standard input or --file.")
    @Nullable
    String text;

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "Read the text (or with --decode the ids) from a file.")
    @Nullable
    Path file;

    @Option(names = "--no-special", description = "Do not add the tokens of beginning and end.")
    boolean noSpecial;

    @Option(names = "--parse-special", description = "The text of a control token becomes that token.")
    boolean parseSpecial;

    @Option(names = "--decode", description = "Ids to text.")
    boolean decode;

    @Override
    public Integer call() throws IOException {
        Tokenizer tokenizer = ModelText.of(model.file()).tokenizer();
        if (decode) {
            int[] ids = file != null ? TokenFile.read(file) : TokenFile.parse(TextInput.read(text, null), "the ids");
            String decoded = tokenizer.decode(TokenFile.checked(ids, tokenizer.vocabularySize()));
            if (common.json) {
                json(Map.of("text", decoded));
            } else {
                out().println(decoded);
            }
            return 0;
        }
        String input = TextInput.read(text, file);
        int[] ids = tokenizer.encode(input, !noSpecial, parseSpecial);
        if (common.json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("ids", ids);
            map.put("tokens", Arrays.stream(ids).mapToObj(tokenizer::text).toList());
            json(map);
        } else {
            out().println(Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
        }
        return 0;
    }
}
