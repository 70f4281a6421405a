using System.Globalization;

namespace Halo.Testing;

/// <summary>Where the programs of a PostgreSQL server are, and as whom they can run.</summary>
public static class PostgresPrograms
{
    private const string Packages = "/usr/lib/postgresql";

    private static readonly string[] s_users = ["postgres", "nobody"];

    /// <summary>Why no server can be started here; null where one can.</summary>
    public static string? Missing { get; } = FindFault();

    /// <summary>The folder with initdb and postgres; of several versions the newest.</summary>
    internal static string? Folder { get; } = FindFolder();

    /// <summary>What stands before a command so that it runs as someone else than root, which the server refuses; empty where this is not root.</summary>
    internal static IReadOnlyList<string> AsUser { get; } = Environment.IsPrivilegedProcess && FindUser() is { } user
        ? ["setpriv", $"--reuid={user}", $"--regid={user}", "--init-groups", "--"]
        : [];

    private static string? FindFault()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "PostgreSQL servers are started on Linux only";
        }

        if (FindFolder() is null)
        {
            return "no PostgreSQL server is installed: initdb and postgres are neither on the PATH nor under /usr/lib/postgresql (Debian: postgresql)";
        }

        return Environment.IsPrivilegedProcess && (FindUser() is null || !OnPath("setpriv").Any())
            ? "PostgreSQL does not run as root, and there is no setpriv or no user postgres or nobody"
            : null;
    }

    private static string? FindFolder()
    {
        IEnumerable<string> packaged = Directory.Exists(Packages)
            ? Directory.EnumerateDirectories(Packages)
                .OrderByDescending(folder => double.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out double version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin"))
            : [];
        return packaged.Concat(OnPath("initdb").Select(path => Path.GetDirectoryName(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path)!))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }

    private static IEnumerable<string> OnPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name))
        .Where(File.Exists);

    private static string? FindUser()
    {
        string[] known = File.Exists("/etc/passwd") ? [.. File.ReadLines("/etc/passwd").Select(line => line.Split(':')[0])] : [];
        return s_users.FirstOrDefault(known.Contains);
    }
}
