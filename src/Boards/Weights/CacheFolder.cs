using Halo.Inference.Model.Pieces;

namespace Halo.Boards.Weights;

/// <summary>
/// The files of a piece cache: <c>root/model hash/piece id.piece</c>, and <c>.part</c> files that are being written. Other processes may add
/// and delete files at any time, so a file that was listed need not be there any more.
/// </summary>
internal static class CacheFolder
{
    internal const string PieceSuffix = ".piece";
    internal const string PartSuffix = ".part";

    /// <summary>A file of the cache as it was when it was listed.</summary>
    internal readonly record struct Entry(string Path, long Bytes, DateTime LastUsed, bool IsPiece);

    /// <summary>All files of the cache; whatever else lies in its folder is left alone.</summary>
    internal static List<Entry> List(string root)
    {
        List<Entry> entries = [];
        foreach (DirectoryInfo folder in new DirectoryInfo(root).EnumerateDirectories().Where(folder => IsModelHash(folder.Name)))
        {
            foreach (FileInfo file in folder.EnumerateFiles().Where(IsOurs))
            {
                if (Describe(file) is { } entry)
                {
                    entries.Add(entry);
                }
            }
        }

        return entries;
    }

    /// <summary>Deletes a file.</summary>
    /// <returns>Whether it is gone; false where the system keeps it, as Windows does while another process has it mapped.</returns>
    internal static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return fault is DirectoryNotFoundException;
        }
    }

    /// <summary>Notes when a file was used, for other processes and later runs as well; a file that vanished is left alone.</summary>
    internal static void Touch(string path, DateTimeOffset now)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, now.UtcDateTime);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Another process deleted the file or owns it: the order of eviction is a little less exact, nothing more.
        }
    }

    /// <summary>Deletes unfinished files whose writer is gone. A writer locks its file, and the lock ends with its process.</summary>
    internal static void SweepParts(string root)
    {
        foreach (Entry part in List(root).Where(entry => !entry.IsPiece))
        {
            try
            {
                using FileStream unlocked = new(part.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            TryDelete(part.Path);
        }
    }

    private static bool IsModelHash(string name) => name.Length == 64 && name.All(char.IsAsciiHexDigitLower);

    private static bool IsOurs(FileInfo file) =>
        PieceId.TryParse(file.Name.Split('.')[0], out _)
        && (file.Name.EndsWith(PieceSuffix, StringComparison.Ordinal) || file.Name.EndsWith(PartSuffix, StringComparison.Ordinal));

    private static Entry? Describe(FileInfo file)
    {
        try
        {
            return new Entry(file.FullName, file.Length, file.LastWriteTimeUtc, file.Name.EndsWith(PieceSuffix, StringComparison.Ordinal));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
