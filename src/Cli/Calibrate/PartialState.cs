using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Halo.Cli.Hosting;

namespace Halo.Cli.Calibrate;

/// <summary>
/// The sums of a calibration that is under way, in a file beside its output, so that one that was broken off goes on where it was. It serves only
/// the same model, texts and settings.
/// </summary>
internal sealed class PartialState
{
    private static readonly byte[] s_magic = "HALOPRT\u0001"u8.ToArray();

    private readonly byte[] _key;

    internal PartialState(CalibrationModel model, CalibrateSetting setting, CalibrationText text)
    {
        Path = setting.Output + ".partial";
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes($"{model.Hash} {setting.SurrogateRank}"));
        foreach (int[] sequence in text.Fitting)
        {
            hash.AppendData(BitConverter.GetBytes(sequence.Length));
            hash.AppendData(MemoryMarshal.AsBytes(sequence.AsSpan()));
        }

        _key = hash.GetHashAndReset();
    }

    internal string Path { get; }

    /// <summary>Writes the sums; the file is always a whole one.</summary>
    /// <param name="done">Sequences that are in the sums.</param>
    /// <param name="sums">The sums.</param>
    internal void Save(int done, ModelSums sums)
    {
        string temporary = Path + ".new";
        using (BinaryWriter writer = new(File.Create(temporary)))
        {
            writer.Write(s_magic);
            writer.Write(_key);
            writer.Write(done);
            sums.Save(writer);
        }

        File.Move(temporary, Path, overwrite: true);
    }

    /// <summary>Reads the sums where there is a file for just this calibration.</summary>
    /// <returns>Sequences that are in the sums; 0, with sums untouched, where there is no such file.</returns>
    /// <exception cref="CommandFault">The file is damaged.</exception>
    internal int Load(ModelSums sums)
    {
        if (!File.Exists(Path))
        {
            return 0;
        }

        using BinaryReader reader = new(File.OpenRead(Path));
        if (!reader.ReadBytes(s_magic.Length).AsSpan().SequenceEqual(s_magic) || !reader.ReadBytes(_key.Length).AsSpan().SequenceEqual(_key))
        {
            return 0;
        }

        try
        {
            int done = reader.ReadInt32();
            sums.Load(reader);
            return done;
        }
        catch (EndOfStreamException)
        {
            throw new CommandFault($"'{Path}' is cut off; delete it to begin anew.");
        }
    }

    internal void Delete()
    {
        File.Delete(Path);
        File.Delete(Path + ".new");
    }
}
