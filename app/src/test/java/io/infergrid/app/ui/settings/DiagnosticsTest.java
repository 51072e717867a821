package io.infergrid.app.ui.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.ui.DemoRig;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiagnosticsTest {

    @Test
    void they_name_versions_and_device_and_nothing_of_the_user() {
        var rig = DemoRig.working();
        var words = Diagnostics.of(rig, List.of(), "1.2.3");
        assertThat(words).contains("InferGrid 1.2.3", "llvmpipe", "conformant", "3 stages");
        rig.folders()
                .forEach(
                        folder -> assertThat(words).doesNotContain(folder.path().toString()));
        assertThat(words).doesNotContain(System.getProperty("user.name") + "/");
        DemoRig.PEERS.forEach(peer -> assertThat(words).doesNotContain(peer));
    }
}
