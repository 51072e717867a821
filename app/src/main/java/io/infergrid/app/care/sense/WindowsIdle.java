package io.infergrid.app.care.sense;

import com.sun.jna.platform.win32.Kernel32;
import com.sun.jna.platform.win32.User32;
import com.sun.jna.platform.win32.WinUser.LASTINPUTINFO;
import java.time.Duration;
import java.util.Optional;

/** How long keyboard and mouse have rested, on Windows. */
final class WindowsIdle implements Sensor<Duration> {

    @Override
    public Optional<Duration> read() {
        var last = new LASTINPUTINFO();
        // both count milliseconds in 32 bits that wrap together
        return User32.INSTANCE.GetLastInputInfo(last)
                ? Optional.of(Duration.ofMillis(Integer.toUnsignedLong(Kernel32.INSTANCE.GetTickCount() - last.dwTime)))
                : Optional.empty();
    }

    @Override
    public String how() {
        return "the time of the last input";
    }
}
