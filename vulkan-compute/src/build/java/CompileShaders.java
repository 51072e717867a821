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
 * newer than its output; outputs without a source are removed.
 */
final class CompileShaders {

    /** Resolved includes stay referenced until the compiler releases them. */
    private final Path sources;

    private final Path outputs;
    private final long compiler;
    private final long options;

    private CompileShaders(Path sources, Path outputs) {
        this.sources = sources;
        this.outputs = outputs;
        compiler = shaderc_compiler_initialize();
        options = shaderc_compile_options_initialize();
        shaderc_compile_options_set_target_env(options, shaderc_target_env_vulkan, shaderc_env_version_vulkan_1_2);
        shaderc_compile_options_set_optimization_level(options, shaderc_optimization_level_performance);
        shaderc_compile_options_set_warnings_as_errors(options);
        shaderc_compile_options_set_include_callbacks(
                options, ShadercIncludeResolve.create(this::resolve), ShadercIncludeResultRelease.create(this::release), 0);
    }

    public static void main(String[] arguments) throws IOException {
        Path sources = Path.of(arguments[0]);
        Path outputs = Files.createDirectories(Path.of(arguments[1]));
        List<Path> shaders = list(sources, ".comp");
        removeOrphans(shaders, outputs);
        FileTime newestShared = newestShared(sources);
        List<Path> stale = new ArrayList<>();
        for (Path shader : shaders) {
            if (isStale(shader, output(shader, outputs), newestShared)) {
                stale.add(shader);
            }
        }
        if (stale.isEmpty()) {
            return;
        }
        var compile = new CompileShaders(sources, outputs);
        int failed = 0;
        for (Path shader : stale) {
            failed += compile.compile(shader) ? 0 : 1;
        }
        if (failed > 0) {
            System.exit(1);
        }
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

    private static boolean isStale(Path shader, Path output, FileTime newestShared) throws IOException {
        if (!Files.exists(output)) {
            return true;
        }
        FileTime made = Files.getLastModifiedTime(output);
        return made.compareTo(Files.getLastModifiedTime(shader)) < 0 || made.compareTo(newestShared) < 0;
    }

    private static void removeOrphans(List<Path> shaders, Path outputs) throws IOException {
        List<Path> wanted = shaders.stream().map(shader -> output(shader, outputs)).toList();
        for (Path output : list(outputs, ".spv")) {
            if (!wanted.contains(output)) {
                Files.delete(output);
            }
        }
    }

    private boolean compile(Path shader) throws IOException {
        String name = shader.getFileName().toString();
        ByteBuffer text = MemoryUtil.memUTF8(Files.readString(shader), false);
        ByteBuffer file = MemoryUtil.memUTF8(name);
        ByteBuffer entry = MemoryUtil.memUTF8("main");
        long result = shaderc_compile_into_spv(compiler, text, shaderc_glsl_compute_shader, file, entry, options);
        try {
            if (shaderc_result_get_compilation_status(result) != shaderc_compilation_status_success) {
                System.err.print(shaderc_result_get_error_message(result));
                return false;
            }
            write(shader, shaderc_result_get_bytes(result));
            return true;
        } finally {
            shaderc_result_release(result);
            MemoryUtil.memFree(text);
            MemoryUtil.memFree(file);
            MemoryUtil.memFree(entry);
        }
    }

    private void write(Path shader, ByteBuffer spirv) throws IOException {
        byte[] bytes = new byte[spirv.remaining()];
        spirv.get(bytes);
        Path output = output(shader, outputs);
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

    private static Path output(Path shader, Path outputs) {
        String name = shader.getFileName().toString();
        return outputs.resolve(name.substring(0, name.length() - ".comp".length()) + ".spv");
    }

    private static List<Path> list(Path folder, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }
}
