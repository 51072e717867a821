package io.infergrid.app.care.sense;

import com.sun.jna.platform.win32.User32;
import com.sun.jna.platform.win32.WinDef.HWND;
import com.sun.jna.platform.win32.WinDef.RECT;
import com.sun.jna.platform.win32.WinUser;
import com.sun.jna.ptr.IntByReference;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongPredicate;

/** The program whose foreground window covers its whole monitor, on Windows. The desktop itself does so too and is none. */
final class WindowsFullScreen implements Sensor<String> {

    /** What Windows itself shows over the whole screen. */
    private static final Set<String> SHELL = Set.of("explorer", "lockapp", "searchhost", "shellexperiencehost", "dwm");

    private final LongPredicate ours;

    WindowsFullScreen(LongPredicate ours) {
        this.ours = ours;
    }

    @Override
    public Optional<String> read() {
        HWND window = User32.INSTANCE.GetForegroundWindow();
        var bounds = new RECT();
        if (window == null || !User32.INSTANCE.GetWindowRect(window, bounds)) {
            return Optional.empty();
        }
        var monitor = new WinUser.MONITORINFO();
        var on = User32.INSTANCE.MonitorFromWindow(window, WinUser.MONITOR_DEFAULTTONEAREST);
        if (on == null || !User32.INSTANCE.GetMonitorInfo(on, monitor).booleanValue()) {
            return Optional.empty();
        }
        boolean covers = bounds.left <= monitor.rcMonitor.left
                && bounds.top <= monitor.rcMonitor.top
                && bounds.right >= monitor.rcMonitor.right
                && bounds.bottom >= monitor.rcMonitor.bottom;
        var process = new IntByReference();
        User32.INSTANCE.GetWindowThreadProcessId(window, process);
        long pid = Integer.toUnsignedLong(process.getValue());
        if (!covers || ours.test(pid)) {
            return Optional.empty();
        }
        return RunningPrograms.of(pid)
                .or(() -> Optional.of("A full-screen program"))
                .filter(name -> !SHELL.contains(name));
    }

    @Override
    public String how() {
        return "the foreground window";
    }
}
