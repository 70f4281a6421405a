namespace Halo.Lab.Net;

/// <summary>Whether this process may make a laboratory network.</summary>
public static class LabRights
{
    private const int NetworkAdministrator = 12; // CAP_NET_ADMIN
    private const int SystemAdministrator = 21; // CAP_SYS_ADMIN, for namespaces

    /// <summary>Why this process cannot make a network of namespaces, in one sentence; null where it can.</summary>
    public static string? Missing()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "The network laboratory needs Linux: network namespaces and TUN devices.";
        }

        ulong held = ReadCapabilities();
        if (!Holds(held, NetworkAdministrator) || !Holds(held, SystemAdministrator))
        {
            return "The network laboratory needs root with CAP_NET_ADMIN and CAP_SYS_ADMIN, for namespaces and TUN devices: run it with sudo.";
        }

        if (!File.Exists(TunDevice.Path))
        {
            return $"The network laboratory needs {TunDevice.Path}, which is not here: 'modprobe tun', or give the container that device.";
        }

        return IpTool.Find() is null ? "The network laboratory needs the program 'ip': install the package iproute2." : null;
    }

    private static bool Holds(ulong capabilities, int capability) => (capabilities >> capability & 1) == 1;

    private static ulong ReadCapabilities()
    {
        const string label = "CapEff:";
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith(label, StringComparison.Ordinal));
        return Convert.ToUInt64(line[label.Length..].Trim(), 16);
    }
}
