using System.Diagnostics;

namespace Halo.Lab.Net;

/// <summary>The program <c>ip</c> of iproute2.</summary>
internal static class IpTool
{
    private static readonly string[] s_folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

    /// <summary>Where it is; null where it is not.</summary>
    internal static string? Find() => s_folders.Select(folder => Path.Combine(folder, "ip")).FirstOrDefault(File.Exists);

    /// <summary>Runs it.</summary>
    /// <param name="batch">Commands for <c>-batch -</c>; empty for none.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="LabException">It failed; the message has what it said.</exception>
    internal static void Run(string batch, params string[] arguments)
    {
        ProcessStartInfo start = new(Find() ?? throw new LabException("There is no program 'ip': install the package iproute2."), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(batch);
        process.StandardInput.Close();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new LabException($"'ip {string.Join(' ', arguments)}' failed: {errors.Trim()}");
        }
    }
}
