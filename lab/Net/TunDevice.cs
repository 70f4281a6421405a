using System.Text;

namespace Halo.Lab.Net;

/// <summary>A TUN device: what the kernel sends to it is read here, what is written here the kernel receives. It lives as long as this does.</summary>
internal sealed class TunDevice : IDisposable
{
    internal const string Path = "/dev/net/tun";

    private const int NameBytes = 16; // of struct ifreq

    private TunDevice(int descriptor) => Descriptor = descriptor;

    /// <summary>Non-blocking; one packet a read or write, from its IP header on.</summary>
    internal int Descriptor { get; }

    /// <summary>Makes a device in the network namespace of the calling thread.</summary>
    /// <param name="name">The interface's name, up to 15 characters.</param>
    /// <exception cref="LabException">The kernel refused.</exception>
    internal static TunDevice Create(string name)
    {
        int descriptor = Native.Open(Path, Native.ReadWrite | Native.NonBlocking | Native.CloseOnExec);
        if (descriptor < 0)
        {
            throw new LabException($"{Path} cannot be opened: {Native.LastError}.");
        }

        Span<byte> request = stackalloc byte[40]; // struct ifreq: name, flags
        request.Clear();
        Encoding.ASCII.GetBytes(name, request[..(NameBytes - 1)]);
        BitConverter.TryWriteBytes(request[NameBytes..], Native.TunWithoutHeader);
        if (Native.Control(descriptor, Native.SetTunInterface, request) < 0)
        {
            string reason = Native.LastError;
            _ = Native.Close(descriptor);
            throw new LabException($"The TUN device {name} cannot be made: {reason}.");
        }

        return new TunDevice(descriptor);
    }

    public void Dispose() => _ = Native.Close(Descriptor);
}
