using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;

namespace Halo.Lab.Net;

/// <summary>One board's network: a named namespace with one TUN device. <c>ip netns exec NAME …</c> enters it from a shell.</summary>
public sealed class NetworkNamespace : IDisposable
{
    internal const string Folder = "/run/netns";
    internal const int MaximumPacket = 1500; // bytes, MTU of Ethernet

    private const string Prefix = "halo-lab-";
    private const string DeviceName = "lab0";

    // The kernel drops what the router has not read yet past this many packets; links drop by the model, not here.
    private const int DeviceQueue = 8000;

    private NetworkNamespace(string name, string address)
    {
        Name = name;
        Address = address;
    }

    /// <summary>The namespace's name: <c>halo-lab-PID-NUMBER</c>.</summary>
    public string Name { get; }

    /// <summary>The board's IPv4 address.</summary>
    public string Address { get; }

    internal TunDevice Device { get; private set; } = null!;

    /// <summary>Makes the namespace of a board.</summary>
    /// <param name="number">The board's number, from 1: its name and address end with it.</param>
    /// <exception cref="LabException">The kernel refused; nothing is left behind.</exception>
    internal static NetworkNamespace Create(int number)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{number}");
        NetworkNamespace made = new(name, string.Create(CultureInfo.InvariantCulture, $"10.77.0.{number}"));
        IpTool.Run("", "netns", "add", name);
        try
        {
            made.Device = made.Run(() => TunDevice.Create(DeviceName));
            IpTool.Run(
                $"""
                link set lo up
                link set {DeviceName} addrgenmode none
                link set {DeviceName} mtu {MaximumPacket} txqueuelen {DeviceQueue} up
                address add {made.Address}/24 dev {DeviceName}
                route add 224.0.0.0/4 dev {DeviceName}

                """,
                "-n", name, "-batch", "-");
            made.SetKernel("net/ipv4/tcp_no_metrics_save", "1"); // one run must not teach the next
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Names of namespaces whose laboratory has ended without taking them down.</summary>
    internal static IReadOnlyList<string> FindStale() => !Directory.Exists(Folder) ? [] :
        [.. Directory.EnumerateFiles(Folder).Select(path => Path.GetFileName(path)).Where(name => OwnerOf(name) is { } owner && !Directory.Exists($"/proc/{owner}"))];

    /// <summary>The process that made a namespace, by its name; null where it is none of a laboratory.</summary>
    internal static int? OwnerOf(string name)
    {
        string[] parts = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..].Split('-') : [];
        return parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int owner) ? owner : null;
    }

    /// <summary>Takes a stale namespace down, with the processes that are left in it.</summary>
    internal static void Remove(string name)
    {
        using NetworkNamespace stale = new(name, "");
        foreach (Process process in stale.FindProcesses())
        {
            using (process)
            {
                process.Kill();
            }
        }
    }

    /// <summary>Runs work on a thread that is in the namespace: the sockets and processes that it makes are too.</summary>
    /// <exception cref="LabException">The namespace cannot be entered.</exception>
    public T Run<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? fault = null;
        // A thread of its own, ended after it: a pooled one would take the namespace to the next work.
        Thread thread = new(() =>
        {
            try
            {
                Enter();
                result = work();
            }
            catch (Exception thrown)
            {
                fault = ExceptionDispatchInfo.Capture(thrown);
            }
        })
        {
            Name = Name,
        };
        thread.Start();
        thread.Join();
        fault?.Throw();
        return result;
    }

    /// <summary>Starts a process in the namespace.</summary>
    public Process Start(ProcessStartInfo start) => Run(() => Process.Start(start)!);

    /// <summary>Sets a kernel setting of the namespace.</summary>
    /// <param name="setting">Its path below <c>/proc/sys</c>, such as <c>net/ipv4/tcp_rto_min_us</c>.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Whether this kernel has it.</returns>
    public bool SetKernel(string setting, string value) => Run(() =>
    {
        string path = $"/proc/sys/{setting}";
        if (!File.Exists(path))
        {
            return false;
        }

        File.WriteAllText(path, value);
        return true;
    });

    /// <summary>Takes the device and the name away. Processes still in the namespace keep it alive without a network.</summary>
    public void Dispose()
    {
        Device?.Dispose();
        if (File.Exists(Path.Combine(Folder, Name)))
        {
            IpTool.Run("", "netns", "delete", Name);
        }
    }

    private void Enter()
    {
        int descriptor = Native.Open(Path.Combine(Folder, Name), Native.CloseOnExec);
        if (descriptor < 0)
        {
            throw new LabException($"The namespace {Name} cannot be opened: {Native.LastError}.");
        }

        int entered = Native.EnterNamespace(descriptor, Native.NetworkNamespace);
        string reason = Native.LastError;
        _ = Native.Close(descriptor);
        if (entered < 0)
        {
            throw new LabException($"The namespace {Name} cannot be entered: {reason}.");
        }
    }

    private List<Process> FindProcesses()
    {
        string? mine = Run(() => File.ResolveLinkTarget("/proc/thread-self/ns/net", false)?.Name);
        List<Process> found = [];
        foreach (Process process in Process.GetProcesses())
        {
            if (mine is not null && NamespaceOf(process.Id) == mine)
            {
                found.Add(process);
            }
            else
            {
                process.Dispose();
            }
        }

        return found;
    }

    private static string? NamespaceOf(int process)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{process}/ns/net", false)?.Name;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended meanwhile
        }
    }
}
