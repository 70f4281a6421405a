using Microsoft.Win32.SafeHandles;

namespace Halo.Inference.Model.Streaming;

/// <summary>
/// Reads pieces from the device into the caller's memory, past the page cache, which would take the memory that streaming is to save. Where that
/// is refused it reads as usual and asks the system to forget what it kept.
/// </summary>
internal sealed unsafe class DirectPieceReader : IPieceReader
{
    // One request for most pieces; a multiple of the page, and small enough for any system.
    private const int MostAtOnce = 64 << 20;

    public void Read(string path, byte* target, long bytes)
    {
        if (LinuxFiles.TryOpenDirect(path) is { } direct)
        {
            using (direct)
            {
                if (TryRead(direct, path, target, bytes, wholePages: true))
                {
                    return;
                }
            }
        }

        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        if (!TryRead(file, path, target, bytes, wholePages: false))
        {
            throw new IOException($"'{path}' cannot be read.");
        }

        LinuxFiles.Forget(file);
    }

    // False where the volume opens files for direct reads and then refuses the first one.
    private static bool TryRead(SafeFileHandle file, string path, byte* target, long bytes, bool wholePages)
    {
        long length = RandomAccess.GetLength(file);
        if (length != bytes)
        {
            throw new IOException($"'{path}' has {length} bytes, not {bytes}.");
        }

        long at = 0;
        while (at < bytes)
        {
            long wanted = wholePages ? PageBuffer.WholePages(bytes - at) : bytes - at;
            int count;
            try
            {
                count = RandomAccess.Read(file, new Span<byte>(target + at, (int)Math.Min(wanted, MostAtOnce)), at);
            }
            catch (Exception fault) when (wholePages && at == 0 && fault is IOException or ArgumentException)
            {
                return false;
            }

            if (count == 0 || (wholePages && at + count < bytes && count % PageBuffer.PageBytes != 0))
            {
                throw new IOException($"'{path}' ended after {at + count} of {bytes} bytes.");
            }

            at += count;
        }

        return true;
    }
}
