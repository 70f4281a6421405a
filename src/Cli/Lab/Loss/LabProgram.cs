using System.Runtime.InteropServices;

namespace Halo.Cli.Lab.Loss;

/// <summary>The programs that experiments start: they lie beside this one.</summary>
internal static class LabProgram
{
    /// <summary>What runs them: the runtime's folder is DOTNET/shared/NAME/VERSION.</summary>
    internal static string Dotnet { get; } =
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet")) is var path && File.Exists(path) ? path : "dotnet";

    /// <summary>A program's file.</summary>
    internal static string Of(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
