import static org.lwjgl.util.shaderc.Shaderc.*;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.util.shaderc.ShadercIncludeResolve;
import org.lwjgl.util.shaderc.ShadercIncludeResult;
import org.lwjgl.util.shaderc.ShadercIncludeResultRelease;

/**
 * The build's shader step: compiles every {@code *.comp} of a folder to {@code *.spv} in another. Run by the toolchain's
 * {@code java} as a source file; needs only lwjgl-shaderc. A shader is compiled again when it, an include or this file is
 * newer than its output; outputs without a source are removed. A first line {@code // variants: _a X=1 Y=2; _b X=2 Y=2},
 * perhaps continued in lines indented by four, makes one output a variant, with the suffix and the macros named; a second
 * such line makes one of every pair.
 */
final class CompileShaders {

    private static final String VARIANTS = "// variants: ";
    private static final String CONTINUED = "//     ";

    /** One output: a source and the macros that it is compiled with. */
    private record Shader(Path source, Path output, List<String> macros) {

        /** @param variant a suffix of the output's name, then macros */
        Shader with(List<String> variant) {
            String name = output.getFileName().toString().replace(".spv", variant.getFirst() + ".spv");
            List<String> all = new ArrayList<>(macros);
            all.addAll(variant.subList(1, variant.size()));
            return new Shader(source, output.resolveSibling(name), all);
        }
    }

    private final Path sources;
    private final long compiler;
    private final long options;

    private CompileShaders(Path sources) {
        this.sources = sources;
        compiler = shaderc_compiler_initialize();
        options = shaderc_compile_options_initialize();
        shaderc_compile_options_set_target_env(options, shaderc_target_env_vulkan, shaderc_env_version_vulkan_1_2);
        shaderc_compile_options_set_optimization_level(options, shaderc_optimization_level_performance);
        shaderc_compile_options_set_warnings_as_errors(options);
        shaderc_compile_options_set_include_callbacks(
                options,
                ShadercIncludeResolve.create(this::resolve),
                ShadercIncludeResultRelease.create(this::release),
                0);
    }

    public static void main(String[] arguments) throws IOException {
        Path sources = Path.of(arguments[0]);
        Path outputs = Files.createDirectories(Path.of(arguments[1]));
        List<Shader> shaders = new ArrayList<>();
        for (Path source : list(sources, ".comp")) {
            shaders.addAll(variants(source, outputs));
        }
        removeOrphans(shaders, outputs);
        FileTime newestShared = newestShared(sources);
        List<Shader> stale = new ArrayList<>();
        for (Shader shader : shaders) {
            if (isStale(shader, newestShared)) {
                stale.add(shader);
            }
        }
        if (stale.isEmpty()) {
            return;
        }
        var compile = new CompileShaders(sources);
        int failed = 0;
        for (Shader shader : stale) {
            failed += compile.compile(shader) ? 0 : 1;
        }
        if (failed > 0) {
            System.exit(1);
        }
    }

    private static List<Shader> variants(Path source, Path outputs) throws IOException {
        String name = source.getFileName().toString();
        String stem = name.substring(0, name.length() - ".comp".length());
        List<Shader> shaders = List.of(new Shader(source, outputs.resolve(stem + ".spv"), List.of()));
        for (String group : variantGroups(Files.readAllLines(source))) {
            List<Shader> product = new ArrayList<>();
            for (Shader shader : shaders) {
                for (String variant : group.split(";")) {
                    product.add(shader.with(List.of(variant.strip().split("\\s+"))));
                }
            }
            shaders = product;
        }
        return shaders;
    }

    /** The variants that the first lines name, one string for each group. */
    private static List<String> variantGroups(List<String> lines) {
        List<String> groups = new ArrayList<>();
        for (String line : lines) {
            if (line.startsWith(VARIANTS)) {
                groups.add(line.substring(VARIANTS.length()));
            } else if (line.startsWith(CONTINUED) && !groups.isEmpty()) {
                groups.add(groups.removeLast() + line.substring(CONTINUED.length()));
            } else {
                return groups;
            }
        }
        return groups;
    }

    private static FileTime newestShared(Path sources) throws IOException {
        var shared = new ArrayList<>(list(sources, ".glsl"));
        String self = System.getProperty("jdk.launcher.sourcefile");
        if (self != null) {
            shared.add(Path.of(self));
        }
        FileTime newest = FileTime.fromMillis(0);
        for (Path file : shared) {
            FileTime time = Files.getLastModifiedTime(file);
            newest = time.compareTo(newest) > 0 ? time : newest;
        }
        return newest;
    }

    private static boolean isStale(Shader shader, FileTime newestShared) throws IOException {
        if (!Files.exists(shader.output())) {
            return true;
        }
        FileTime made = Files.getLastModifiedTime(shader.output());
        return made.compareTo(Files.getLastModifiedTime(shader.source())) < 0 || made.compareTo(newestShared) < 0;
    }

    private static void removeOrphans(List<Shader> shaders, Path outputs) throws IOException {
        List<Path> wanted = shaders.stream().map(Shader::output).toList();
        for (Path output : list(outputs, ".spv")) {
            if (!wanted.contains(output)) {
                Files.delete(output);
            }
        }
    }

    private boolean compile(Shader shader) throws IOException {
        ByteBuffer text = MemoryUtil.memUTF8(Files.readString(shader.source()), false);
        ByteBuffer file = MemoryUtil.memUTF8(shader.source().getFileName().toString());
        ByteBuffer entry = MemoryUtil.memUTF8("main");
        long withMacros = shaderc_compile_options_clone(options);
        for (String macro : shader.macros()) {
            int equals = macro.indexOf('=');
            shaderc_compile_options_add_macro_definition(
                    withMacros, macro.substring(0, equals), macro.substring(equals + 1));
        }
        long result = shaderc_compile_into_spv(compiler, text, shaderc_glsl_compute_shader, file, entry, withMacros);
        try {
            if (shaderc_result_get_compilation_status(result) != shaderc_compilation_status_success) {
                System.err.print(shaderc_result_get_error_message(result));
                return false;
            }
            write(shader.output(), shaderc_result_get_bytes(result));
            return true;
        } finally {
            shaderc_result_release(result);
            shaderc_compile_options_release(withMacros);
            MemoryUtil.memFree(text);
            MemoryUtil.memFree(file);
            MemoryUtil.memFree(entry);
        }
    }

    private static void write(Path output, ByteBuffer spirv) throws IOException {
        byte[] bytes = new byte[spirv.remaining()];
        spirv.get(bytes);
        Path part = output.resolveSibling(output.getFileName() + ".part");
        Files.write(part, bytes);
        Files.move(part, output, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private long resolve(long data, long requested, int type, long requesting, long depth) {
        String name = MemoryUtil.memUTF8(requested);
        ByteBuffer content;
        ByteBuffer found;
        try {
            content = MemoryUtil.memUTF8(Files.readString(sources.resolve(name)), false);
            found = MemoryUtil.memUTF8(name, false);
        } catch (IOException e) {
            // An empty name tells shaderc that the content is the reason of the failure.
            content = MemoryUtil.memUTF8("expected an include '" + name + "' in " + sources, false);
            found = MemoryUtil.memAlloc(0);
        }
        return ShadercIncludeResult.calloc()
                .content(content)
                .source_name(found)
                .user_data(0)
                .address();
    }

    private void release(long data, long address) {
        var result = ShadercIncludeResult.create(address);
        MemoryUtil.memFree(result.content());
        MemoryUtil.memFree(result.source_name());
        result.free();
    }

    private static List<Path> list(Path folder, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }
}
