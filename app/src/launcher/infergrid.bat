@echo off
rem Starts InferGrid with a Java that is new enough, whatever java on this machine is.
setlocal EnableExtensions EnableDelayedExpansion
set "root=%~dp0.."
for %%i in ("%root%") do set "root=%%~fi"
set "home="
if defined INFERGRID_JAVA (
  call :try "%INFERGRID_JAVA%"
  if not defined home (
    echo infergrid: expected Java 25 or newer in INFERGRID_JAVA, found %INFERGRID_JAVA% 1>&2
    exit /b 1
  )
)
if not defined home call :try "%root%\runtime"
if not defined home if defined JAVA_HOME call :try "%JAVA_HOME%"
if not defined home if exist "%root%\lib\java-home" (
  set /p recorded=<"%root%\lib\java-home"
  call :try "!recorded!"
)
if not defined home for /d %%d in ("%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Java\*" "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\*" "%USERPROFILE%\.jdks\*") do if not defined home call :try "%%~d"
if not defined home (
  echo infergrid: expected Java 25 or newer, found none. Install a JDK 25 ^(https://adoptium.net^) or set INFERGRID_JAVA to its folder. 1>&2
  exit /b 1
)
if not defined INFERGRID_HEAP set "INFERGRID_HEAP=2g"
"%home%\bin\java.exe" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC -Xms16m -XX:MaxNewSize=16m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=20 -Xmx%INFERGRID_HEAP% %INFERGRID_JVM_OPTIONS% -cp "%root%\lib\infergrid.jar" "-Dinfergrid.root=%root%" io.infergrid.app.Main %*
exit /b %ERRORLEVEL%

:try
if not exist "%~1\bin\java.exe" exit /b 0
if not exist "%~1\release" exit /b 0
for /f "tokens=2 delims==." %%v in ('findstr /b "JAVA_VERSION=" "%~1\release"') do (
  set "feature=%%~v"
  set "feature=!feature:"=!"
  if !feature! GEQ 25 set "home=%~1"
)
exit /b 0
