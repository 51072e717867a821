package io.infergrid.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Dependencies point one way: app to grid to libp2p and engine, app to wallet. Only app draws and stores. */
@AnalyzeClasses(packages = "io.infergrid", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleLinesTest {

    private static final String APP = "io.infergrid.app..";
    private static final String GRID = "io.infergrid.grid..";
    private static final String LIBP2P = "io.infergrid.libp2p..";
    private static final String ENGINE = "io.infergrid.compute..";
    private static final String WALLET = "io.infergrid.wallet..";

    @ArchTest
    static final ArchRule the_engine_knows_no_network_and_no_money = noClasses()
            .that()
            .resideInAPackage(ENGINE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(APP, GRID, LIBP2P, WALLET, "java.net..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule libp2p_knows_neither_models_nor_money = noClasses()
            .that()
            .resideInAPackage(LIBP2P)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(APP, GRID, ENGINE, WALLET)
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule the_grid_asks_about_money_through_interfaces_of_its_own = noClasses()
            .that()
            .resideInAPackage(GRID)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(APP, WALLET)
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule the_wallet_knows_no_network_of_ours_and_no_model = noClasses()
            .that()
            .resideInAPackage(WALLET)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(APP, GRID, LIBP2P, ENGINE)
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule only_quic_knows_netty = noClasses()
            .that()
            .resideOutsideOfPackages("io.infergrid.libp2p.quic..", "io.netty..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule only_app_draws_and_stores = noClasses()
            .that()
            .resideInAnyPackage(GRID, LIBP2P, ENGINE, WALLET)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx..", "java.awt..", "javax.swing..", "java.sql..", "javax.sql..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule only_the_window_knows_javafx = noClasses()
            .that()
            .resideInAPackage(APP)
            .and()
            .resideOutsideOfPackage("io.infergrid.app.ui..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx..", "atlantafx..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule only_the_store_knows_sql = noClasses()
            .that()
            .resideInAPackage(APP)
            .and()
            .resideOutsideOfPackage("io.infergrid.app.store..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "org.sqlite..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packages_of_the_engine_have_no_cycles = slices().matching("io.infergrid.compute.(*)..")
            .should()
            .beFreeOfCycles()
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packages_of_the_grid_have_no_cycles = slices().matching("io.infergrid.grid.(*)..")
            .should()
            .beFreeOfCycles()
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packages_of_libp2p_have_no_cycles = slices().matching("io.infergrid.libp2p.(*)..")
            .should()
            .beFreeOfCycles()
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packages_of_the_app_have_no_cycles = slices().matching("io.infergrid.app.(*)..")
            .should()
            .beFreeOfCycles()
            .allowEmptyShould(true);
}
